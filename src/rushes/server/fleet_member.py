"""A station among others that joined the same hub: says that it is there, knows who else is, asks and answers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rushes.errors import BadMessage, RushesError, unknown_name
from rushes.server.answers import NewsAnswer, StationLink
from rushes.server.fleet import Itself
from rushes.server.fleet_desk import Desk
from rushes.server.fleet_fetch import Fetcher
from rushes.server.fleet_look import look
from rushes.server.fleet_roll import Known, Roll
from rushes.server.fleet_views import Views
from rushes.server.fleet_words import (
    HERE,
    MOST_CHANNELS,
    Gone,
    Here,
    ask_subject,
    look_subject,
    read_said,
    written,
)
from rushes.wire.jet_fleet import FleetLink

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from rushes.server.answers import ChannelAnswer
    from rushes.server.fleet import Fetched, View
    from rushes.server.live_hub import LiveHub
    from rushes.server.state import ServerState
    from rushes.station.board import Board
    from rushes.wire.jet_fleet import Heard

__all__ = ["Member"]

_LOG = logging.getLogger(__name__)
_EVERY_S = 1.0
_SOONER_S = 0.2
_MOST_NEWS = 50
_TOGETHER_S = 0.25
_LAST_WORD_S = 0.5


class Member(Itself):
    """Joins at the hub ``url`` with the keys of the folder ``keys``. ConfigError for what cannot be used.

    Any thread may call it, but for the coroutines, which are for the event loop that ``run`` runs on.
    """

    def __init__(self, state: ServerState, url: str, keys: str | None) -> None:
        super().__init__(state)
        self.id = secrets.token_hex(16)
        self._link = FleetLink(url, keys, name=f"station {state.station}", on_event=self._event)
        self.hub = self._link.endpoint
        self._news: deque[NewsAnswer] = deque(maxlen=_MOST_NEWS)
        self._trouble = f"the hub {self.hub} is not reached yet"
        self._roll = Roll(self.id, state.station, "", self._say)
        self._known = Known()
        self._own: frozenset[str] = frozenset()
        self._soon = asyncio.Event()
        self._desk = Desk(state, self._link)
        self._fetcher = Fetcher(self._link)
        self._views: Views | None = None
        self._odd: set[str] = set()
        self._due: asyncio.TimerHandle | None = None

    # -- what there is

    def list(self) -> Sequence[StationLink]:
        """This one, then the others."""
        return [*super().list(), *self._known.stations]

    def channels(self) -> Sequence[ChannelAnswer]:
        """Those of the others."""
        return self._known.channels

    def owner(self, channel: str) -> tuple[str, str] | None:
        """Whose it is; None for this station's own."""
        return None if channel in self._own else self._known.owners.get(channel)

    def news(self) -> Sequence[NewsAnswer]:
        """Who came and went, and how the hub is."""
        return tuple(self._news)

    @property
    def trouble(self) -> str:
        """Why the hub cannot be used."""
        return self._trouble

    def figures(self) -> Mapping[str, float]:
        """What it counts."""
        views = self._views
        return {
            "hub_up": float(not self._trouble),
            "stations": float(len(self._known.stations)),
            "requests_made": float(self._fetcher.fetched),
            "requests_failed": float(self._fetcher.failed),
            "requests_waiting": float(self._fetcher.waiting),
            "requests_heard": float(self._desk.asked),
            "requests_refused": float(self._desk.refused),
            "answers_open": float(self._desk.open),
            "views_given": 0.0 if views is None else float(views.count),
        }

    # -- to and from the others

    async def fetch(
        self,
        station: str,
        path: str,
        gone: Callable[[], Awaitable[bool]] | None = None,
        making: Callable[[float], object] | None = None,
    ) -> Fetched:
        """As the protocol says."""
        return await self._fetcher.fetch(self._where(station), station, path, gone, making)

    async def look(self, station: str, channel: str, query: Mapping[str, str]) -> View:
        """As the protocol says."""
        return await look(self._link, self._where(station), station, channel, query)

    async def run(self, live: LiveHub) -> None:
        """As the protocol says."""
        self.loop = asyncio.get_running_loop()
        self._views = Views(self._state, self._link, live)
        self._link.listen(HERE, self._hear)
        self._link.listen(ask_subject(self.id), self._desk.take)
        self._link.listen(look_subject(self.id), self._views.take)
        works = [
            asyncio.create_task(self._link.run(), name="fleet link"),
            asyncio.create_task(self._announce(), name="fleet announcements"),
        ]
        ended = asyncio.create_task(self._state.stopping.wait_async())
        try:
            await asyncio.wait({ended, *works}, return_when=asyncio.FIRST_COMPLETED)
            for work in works:
                if work.done() and (error := work.exception()) is not None:
                    self._trouble = f"the link to {self.hub} broke: {error}"
                    _LOG.error("the fleet is given up", exc_info=error)
            await self._part()
            await self._views.close(_LAST_WORD_S)
        finally:
            self._desk.close()
            if self._due is not None:
                self._due.cancel()
            for each in (ended, *works):
                each.cancel()
            await asyncio.wait({ended, *works})

    # -- inside

    def _where(self, station: str) -> str:
        known = self._known.ids
        if station not in known:
            raise unknown_name("other station", station, known)
        return known[station]

    async def _announce(self) -> None:
        while True:
            await self._once()
            self._soon.clear()
            await asyncio.sleep(_SOONER_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), _EVERY_S - _SOONER_S)

    async def _once(self) -> None:
        try:
            board = self._state.board()
        except RushesError:
            self._refresh()
            return  # nothing can be said of a station that shows nothing
        self._own = frozenset(each.name for each in board.channels)
        self._roll.run = _run(board)
        self._refresh()
        if self._link.up:
            # Whatever is wrong with the hub, it is told by the link; the next second tries again.
            with suppress(RushesError):
                await self._link.say(HERE, written(self._here(board)))

    def _here(self, board: Board) -> Here:
        from rushes.server.views import channel_view, health

        known = self._state.all_edges()
        return Here(
            id=self.id,
            name=board.station,
            run=_run(board),
            begun=self._state.started_ns / 1e9,
            started=board.started_ns / 1e9,
            url=board.web,
            state=health(self._state, board).state,
            channels=[channel_view(board, each, known) for each in board.channels[:MOST_CHANNELS]],
        )

    def _refresh(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._known = self._roll.known(self._own, asyncio.get_running_loop().time())

    def _hear(self, heard: Heard) -> None:
        try:
            said = read_said(heard.data)
        except BadMessage as error:
            if len(self._odd) < _MOST_NEWS and str(error) not in self._odd:
                self._odd.add(str(error))
                _LOG.warning("something at the hub %s is no station of ours: %s", self.hub, error)
            return
        if isinstance(said, Gone):
            self._roll.leave(said.id)
        elif self._roll.hear(said, asyncio.get_running_loop().time()):
            self._soon.set()  # so that it knows this one as soon
        else:
            self._refresh_soon()
            return
        self._refresh()

    def _refresh_soon(self) -> None:
        """All that others say is put together a few times a second: with each word it would cost the square of their
        number, a third of a core for 64 stations of 50 channels.
        """
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_TOGETHER_S, self._refresh)

    def _event(self, what: str, detail: Any) -> None:
        if what == "up":
            self._trouble = ""
            self._say(f"joined the hub {detail}")
            self._soon.set()
        elif what == "down":
            self._trouble = f"the hub {self.hub} is away"
            self._say(f"{self._trouble}: other stations cannot be seen")
        elif what == "denied":
            self._trouble = str(detail)
            self._say(f"no other stations: {detail}")

    def _say(self, text: str) -> None:
        self._news.append(NewsAnswer(t=self._state.clock.wall_ns() / 1e9, text=text))

    async def _part(self) -> None:
        """The last word, where there is anybody to hear it."""
        if self._link.up:
            with suppress(RushesError, TimeoutError):
                async with asyncio.timeout(_LAST_WORD_S):
                    await self._link.say(HERE, written(Gone(id=self.id)))


def _run(board: Board) -> str:
    return f"{socket.gethostname()} {board.pid} {board.started_ns}"
