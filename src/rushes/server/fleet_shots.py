"""Pictures for shots of any channel that this station's page lists: its own, and those of other stations."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from rushes.errors import CorruptImage, DeadlineExceeded, SourceUnavailable
from rushes.server.problems import moment_of, read_problem
from rushes.shots.of_board import BoardBackend
from rushes.shots.of_frame import check_wanted
from rushes.shots.request import Picture, Place

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rushes.server.fleet import Fetched
    from rushes.server.state import ServerState
    from rushes.shots.request import Ask

__all__ = ["AllStations"]

_QUALITY = 90
_MOST_BYTES = 64 << 20


class AllStations(BoardBackend):
    """Saved here, whosever the channel is."""

    def __init__(self, state: ServerState) -> None:
        super().__init__(state.board, state.depots.get, lambda: _archive(state))
        self._state = state

    def find(self, channel: str) -> Place:
        """As the protocol says."""
        owner = self._state.fleet.owner(channel)
        if owner is None:
            return super().find(channel)
        server = {"server.name": owner[0], "server.guid": owner[0]}
        return Place(channel, {"channel.name": channel, "channel.guid": channel, **server}, keeps_time=True)

    def take(self, ask: Ask) -> Picture:
        """As the protocol says."""
        owner = self._state.fleet.owner(ask.channel)
        return super().take(ask) if owner is None else self._of_another(ask, *owner)

    def _of_another(self, ask: Ask, station: str, channel: str) -> Picture:
        query: dict[str, Any] = {"q": _QUALITY, "figures": int(ask.figures)}
        if ask.dt is not None:
            query["t"] = f"{ask.moment_ns / 1e9:.6f}"
        elif ask.not_before_ns:
            query["max_age"] = max(0.0, (time.time_ns() - ask.not_before_ns) / 1e9)
        what = "frame.jpg" if ask.dt is None else "at.jpg"
        path = f"/api/channels/{quote(channel, safe='')}/{what}?{urlencode(query)}"
        fetched = self._wait(_whole(self._state, station, path), ask)
        if fetched.status != 200:
            raise _refused(fetched, station, ask)
        number, captured = fetched.headers.get("x-frame-number"), fetched.headers.get("x-captured-ns")
        try:
            captured_ns = ask.moment_ns if captured is None else int(captured)
            frame_number = int(number) if number else None
        except ValueError as error:
            raise CorruptImage(f"{station} answered with headers that make no sense: {error}") from error
        return Picture(
            fetched.body,
            captured_ns,
            frame_number,
            "live" if ask.dt is None else "archive",
            bool(ask.figures),
        )

    def _wait(self, work: Coroutine[Any, Any, Fetched], ask: Ask) -> Fetched:
        loop = self._state.fleet.loop
        if loop is None or loop.is_closed():
            work.close()
            raise SourceUnavailable(f"{ask.channel}: other stations are not asked now", uri=ask.channel)
        future = asyncio.run_coroutine_threadsafe(work, loop)
        ask.token.on_cancel(future.cancel)
        try:
            return future.result(ask.timeout_s)
        except concurrent.futures.CancelledError as error:
            check_wanted(ask)
            raise SourceUnavailable(f"{ask.channel}: the station stops", uri=ask.channel) from error
        except TimeoutError as error:
            future.cancel()
            if isinstance(error, DeadlineExceeded):
                raise
            raise DeadlineExceeded(f"{ask.channel}: no answer in time", timeout_s=ask.timeout_s) from error


async def _whole(state: ServerState, station: str, path: str) -> Fetched:
    fetched = await state.fleet.fetch(station, path)
    if fetched.more is None:
        return fetched
    body = bytearray(fetched.body)
    async for part in fetched.more:
        body += part
        if len(body) > _MOST_BYTES:
            raise CorruptImage(
                f"{station} sends more than {_MOST_BYTES >> 20} MiB for one picture", format="jpeg"
            )
    return fetched._replace(body=bytes(body), more=None)


def _refused(fetched: Fetched, station: str, ask: Ask) -> Exception:
    problem = read_problem(fetched.status, fetched.body)
    told = SourceUnavailable(f"station {station}: {problem.error}", uri=ask.channel)
    return moment_of(problem, ask.channel) or told


def _archive(state: ServerState) -> Any:
    return None if state.board().archive is None else state.recorded.get()
