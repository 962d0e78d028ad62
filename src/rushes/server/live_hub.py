"""The renditions that are being made, each as long as somebody looks; all viewers of all channels meet here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rushes.errors import QueueFull
from rushes.metrics import Edge
from rushes.server.live_viewer import REASONS
from rushes.server.rendition import Rendition
from rushes.server.rendition_key import fitted

if TYPE_CHECKING:
    from rushes.server.live_words import State
    from rushes.server.rendition import Moment
    from rushes.server.rendition_key import RenditionKey
    from rushes.server.state import ServerState

__all__ = ["MAX_RENDITIONS", "MAX_VIEWERS", "LiveHub", "Looker", "Place"]

MAX_RENDITIONS = 64
MAX_VIEWERS = 256
"""Of all channels together: each costs a share of a core and some pictures' memory."""
_LINGER_S = 5.0
"""How long a rendition's coder is kept for viewers who come again: reloading a page takes about a second."""


class Looker(Protocol):
    """Somebody who looks; called on the loop it came on."""

    def show(self, moment: Moment) -> bool:
        """There is something new; must not wait. True to ask for a key frame."""


@dataclass(slots=True, eq=False)
class Place:
    """Where viewers of one rendition stand."""

    key: RenditionKey
    loop: asyncio.AbstractEventLoop
    lookers: list[Looker] = field(default_factory=list)
    rendition: Rendition | None = None
    ending: asyncio.TimerHandle | None = None

    @property
    def state(self) -> State | None:
        """What was told last of the channel."""
        return None if self.rendition is None else self.rendition.state

    def want_key(self) -> None:
        """One of them needs a key frame."""
        if self.rendition is not None:
            self.rendition.want_key()

    def deliver(self, moment: Moment) -> None:
        """To all; on the loop."""
        wanted = [looker.show(moment) for looker in self.lookers]
        if any(wanted):
            self.want_key()


class LiveHub:
    """Give and take places on the event loop; :meth:`stop` is called when the server's ``stopping`` is set."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self._places: dict[tuple[int, RenditionKey], Place] = {}
        self._edges: dict[str, Edge] = {}
        server.stopping.on_stop(self.stop)

    @property
    def viewers(self) -> int:
        """How many look now."""
        return sum(len(place.lookers) for place in self._places.values())

    def edge(self, channel: str) -> Edge:
        """The ledger of all viewers of a channel: one for all, because viewers come and go and counters stay.

        UnknownName when there is no such channel: a ledger, once there, is shown for ever.
        """
        edge = self._edges.get(channel)
        if edge is None:
            self._server.channel(channel)
            edge = self._edges[channel] = Edge(f"{channel} -> viewers")
            self._server.edges.add(edge, source=channel, target="viewers", channel=channel, allowed=REASONS)
        return edge

    def join(self, key: RenditionKey, looker: Looker) -> Place:
        """A place for one who looks from now on. UnknownName when there is no such channel, SourceUnavailable
        without a station, QueueFull when there are too many already.
        """
        key = fitted(key, self._server.channel(key.channel).width)
        if self.viewers >= MAX_VIEWERS:
            raise QueueFull(f"{MAX_VIEWERS} viewers look already; close some")
        loop = asyncio.get_running_loop()
        place = self._places.get((id(loop), key))
        if place is None:
            if len(self._places) >= MAX_RENDITIONS:
                raise QueueFull(
                    f"{MAX_RENDITIONS} renditions are made already; ask for a size others look at"
                )
            place = self._places[id(loop), key] = Place(key, loop)
            place.rendition = Rendition(key, self._server, loop, place.deliver)
        if place.ending is not None:
            place.ending.cancel()
            place.ending = None
        place.lookers.append(looker)
        if place.rendition is not None:
            place.rendition.want_key()
            place.rendition.watch(True)
        return place

    def leave(self, place: Place, looker: Looker) -> None:
        """It looks no more. With the last one nothing is coded any more. Idempotent."""
        if looker not in place.lookers:
            return
        place.lookers.remove(looker)
        if not place.lookers and place.rendition is not None:
            place.rendition.watch(False)
            place.ending = place.loop.call_later(_LINGER_S, self._end, place)

    def stop(self) -> None:
        """Ends all renditions and waits for them. Any thread."""
        places = list(self._places.values())
        self._places.clear()
        for place in places:
            if place.rendition is not None:
                place.rendition.stop()
        for place in places:
            if place.rendition is not None:
                place.rendition.join()

    def _end(self, place: Place) -> None:
        if place.lookers:
            return
        self._places.pop((id(place.loop), place.key), None)
        if place.rendition is not None:
            place.rendition.stop()
            place.rendition.release()
