"""Gets exports of other stations' channels: made there, as for anybody who downloads one, and kept here.

What the other station makes is given up when nobody here wants it any more, and comes in parts, each for the asking.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from rushes.codecs.sequence import fresh_name
from rushes.errors import JobCancelled, PeerGone, RushesError, SourceUnavailable
from rushes.server.problems import Refused, moment_of, read_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from rushes.server.exports import Export
    from rushes.server.fleet import Fetched
    from rushes.server.state import ServerState

__all__ = ["fetch_export"]

_LOOK_S = 0.5
T = TypeVar("T")


def fetch_export(
    state: ServerState, made: Export, count: Callable[[int, int], object]
) -> tuple[int, float | None]:
    """Has ``made`` exported by its owner, and writes it to its path; its size, and a moment that it has a picture of.

    Not for the event loop. ``count(done, all)``: half of it is the making, half the fetching. The file is whole or
    absent. Raises JobCancelled after ``made.stop``, Refused with the other station's words, NoSuchMoment when it has
    recorded nothing then, PeerGone or DeadlineExceeded when it does not answer, OSError when the disk is full.
    """
    return _Fetching(state, made, count).run()


class _Fetching:
    def __init__(self, state: ServerState, made: Export, count: Callable[[int, int], object]) -> None:
        if made.owner is None:
            raise PeerGone(f"{made.channel} is no channel of another station (any more)")
        self._state, self._made, self._count = state, made, count
        self._station, channel = made.owner
        self._at = f"/api/channels/{quote(channel, safe='')}"
        self._stretch = {"from": f"{made.start_s:.6f}", "to": f"{made.end_s:.6f}"}

    def run(self) -> tuple[int, float | None]:
        made = self._made
        query = urlencode({**self._stretch, "figures": int(made.figures)})
        fetched = self._ask(f"{self._at}/export{made.path.suffix}?{query}")
        if fetched.status != 200:
            raise self._refused(fetched)
        fresh = fresh_name(made.path)
        try:
            size = self._write(fetched, fresh)
            if fetched.size is not None and size != fetched.size:
                raise PeerGone(f"station {self._station} sent {size} of {fetched.size} bytes")
            fresh.replace(made.path)
        finally:
            fresh.unlink(missing_ok=True)
        return size, self._shown_s()

    def _write(self, fetched: Fetched, fresh: Path) -> int:
        """On this thread: the disk may be slow, and the event loop must not wait for it."""
        more, size, all = fetched.more, 0, fetched.size
        try:
            with open(fresh, "wb") as file:
                part: bytes | None = fetched.body
                while part is not None:
                    size += file.write(part)
                    if all:
                        self._count(all + size, 2 * all)
                    if self._made.stop.stopped:
                        raise JobCancelled("the export was cancelled", reason="on request")
                    part = None if more is None else self._wait(_next(more))
        finally:
            if more is not None:
                with contextlib.suppress(RushesError):
                    self._wait(_end(more))
        return size

    def _shown_s(self) -> float | None:
        """Where there is a picture in it; None when the other station does not tell: the file is there all the same."""
        try:
            fetched = self._ask(f"{self._at}/thumbs?{urlencode({**self._stretch, 'n': 1})}")
            return float(json.loads(fetched.body)[0]["t"]) if fetched.status == 200 else None
        except (RushesError, ValueError, TypeError, LookupError):
            return None

    def _ask(self, path: str) -> Fetched:
        async def gone() -> bool:
            return self._made.stop.stopped

        def making(part: float) -> None:
            self._count(round(part * 500), 1000)

        return self._wait(self._state.fleet.fetch(self._station, path, gone, making))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` gives on the event loop; looked at again and again, as a loop that has ended tells nobody."""
        loop = self._state.fleet.loop
        stops = SourceUnavailable(f"{self._made.channel}: the station stops", uri=self._made.channel)
        if loop is None:
            work.close()
            raise stops
        try:
            future = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError as error:  # it is closed
            work.close()
            raise stops from error
        while not concurrent.futures.wait((future,), _LOOK_S).done:
            if loop.is_closed():
                work.close()
                raise stops
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise stops from error

    def _refused(self, fetched: Fetched) -> Exception:
        told = read_problem(fetched.status, fetched.body)
        text = f"station {self._station}: {told.error}"
        refused = Refused(text, status=fetched.status, remedy=told.remedy, kind=told.kind)
        return moment_of(told, self._made.channel) or refused


async def _next(more: Any) -> bytes | None:
    return await anext(more, None)


async def _end(more: Any) -> None:
    await more.aclose()
