"""The stations that this one knows of: itself alone here, behind the seam at which others join."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from rushes.errors import unknown_name
from rushes.server.answers import StationLink

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from rushes.server.answers import ChannelAnswer, NewsAnswer
    from rushes.server.live_hub import LiveHub
    from rushes.server.state import ServerState

__all__ = ["Fetched", "Fleet", "Itself", "View"]


class Fetched(NamedTuple):
    """What another station answered: its status, the headers worth passing on, and the body.

    ``more`` gives the rest of a body that is too large to be held, once; None: there is none. ``size`` of all of it,
    where it is known.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    more: AsyncIterator[bytes] | None = None
    size: int | None = None


class View(Protocol):
    """A live view of another station's channel: what its own socket would say, word for word."""

    async def receive(self) -> str | bytes:
        """The next message. PeerGone, saying why, after the last one."""
        ...

    async def say(self, message: str | bytes) -> None:
        """What the viewer says. PeerGone when nobody hears it."""
        ...

    async def close(self) -> None:
        """Looks no more. Idempotent."""
        ...


class Fleet(Protocol):
    """Knows stations, and gets answers from them.

    Any thread may call it, but for the coroutines, which are for ``loop``.
    """

    loop: asyncio.AbstractEventLoop | None
    """Where it runs; None while it does not."""

    def list(self) -> Sequence[StationLink]:
        """All stations, this one first."""
        ...

    def channels(self) -> Sequence[ChannelAnswer]:
        """The channels of the other stations, each under the name to be used in addresses: channel_station."""
        ...

    def owner(self, channel: str) -> tuple[str, str] | None:
        """(station, its own name of the channel) for the name of another station's channel; None for any other."""
        ...

    def news(self) -> Sequence[NewsAnswer]:
        """What happened among them lately, the oldest first."""
        ...

    @property
    def trouble(self) -> str:
        """Why no other station can be seen; empty where that is as it should be."""
        ...

    def figures(self) -> Mapping[str, float]:
        """Counters and gauges for the metrics, by name."""
        ...

    async def run(self, live: LiveHub) -> None:
        """Keeps up with the others until the server's ``stopping`` is set; ``live`` has what they look at here."""
        ...

    async def fetch(
        self,
        station: str,
        path: str,
        gone: Callable[[], Awaitable[bool]] | None = None,
        making: Callable[[float], object] | None = None,
    ) -> Fetched:
        """What ``station`` answers to GET ``path``, query included. UnknownName for one that is not known,
        PeerGone or DeadlineExceeded when it does not answer, QueueFull when too much is asked at a time, JobCancelled
        when ``gone`` says that nobody waits for it any more. ``making`` hears how much is done of an answer that takes
        time to make, 0 to 1.
        """
        ...

    async def look(self, station: str, channel: str, query: Mapping[str, str]) -> View:
        """A view of its ``channel``, asked for as in an address of the live view. Raises as :meth:`fetch`, and
        Refused with what the station says against it.
        """
        ...


class Itself:
    """A fleet of one."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where others could be asked."""

    def list(self) -> Sequence[StationLink]:
        """This one."""
        from rushes.server.views import health

        board = self._state.board()
        return [
            StationLink(
                name=board.station,
                url=board.web,
                state=health(self._state, board).state,
                channels=[each.name for each in board.channels],
            )
        ]

    def channels(self) -> Sequence[ChannelAnswer]:
        """None."""
        return []

    def owner(self, channel: str) -> tuple[str, str] | None:
        """Nobody else's."""
        return None

    def news(self) -> Sequence[NewsAnswer]:
        """None."""
        return []

    @property
    def trouble(self) -> str:
        """None."""
        return ""

    def figures(self) -> Mapping[str, float]:
        """None."""
        return {}

    async def run(self, live: LiveHub) -> None:
        """There is nothing to do."""

    async def fetch(
        self,
        station: str,
        path: str,
        gone: Callable[[], Awaitable[bool]] | None = None,
        making: Callable[[float], object] | None = None,
    ) -> Fetched:
        """There is nobody to ask."""
        raise unknown_name("other station", station, ())

    async def look(self, station: str, channel: str, query: Mapping[str, str]) -> View:
        """There is nothing to see."""
        raise unknown_name("other station", station, ())
