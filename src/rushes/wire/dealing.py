"""Who works on what (pure): frames dealt out to the workers of each track, taken back, and done with.

For each track at any moment::

    offered = done + waiting + leased

Nothing here knows sockets or pixels: frames are keys that rise, workers are numbers, time is nanoseconds of any
steady clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LEASE_NS", "Counts", "Deal", "Dealing"]

LEASE_NS = 2_000_000_000
"""Whoever says nothing of a frame for so long has it no more, and gets no other before it says something."""


class Deal(NamedTuple):
    """``worker`` is to get the frame ``key``, which is thereby given out for the ``tries``-th time."""

    worker: int
    key: int
    tries: int


class Counts(NamedTuple):
    """One track's frames: see the module."""

    offered: int
    done: int
    waiting: int
    leased: int


@dataclass(slots=True, eq=False)
class _Share:
    """What one track has to do with one frame."""

    tries: int = 0
    worker: int | None = None
    until_ns: int = 0
    made: bool = False
    had: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Track:
    ready: list[int] = field(default_factory=list)
    later: list[tuple[int, int]] = field(default_factory=list)
    leased: dict[int, _Share] = field(default_factory=dict)
    offered: int = 0
    done: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    track: str
    credit: int
    heard_ns: int


class Dealing:
    """Each track sees each frame once, the oldest first; of its workers the one with most room gets it.

    A worker's ``credit`` is how many more it takes. A frame that comes back is given to anybody, and its tries are
    counted; not that of a worker which had its result already and could not hand it in.
    """

    def __init__(self, tracks: Iterable[str], lease_ns: int = LEASE_NS) -> None:
        self._lease_ns = lease_ns
        self._tracks = {track: _Track() for track in tracks}
        self._frames: dict[int, dict[str, _Share]] = {}
        self._workers: dict[int, _Worker] = {}

    @property
    def outstanding(self) -> int:
        """How many frames some track is not done with."""
        return len(self._frames)

    @property
    def workers(self) -> list[int]:
        """Who has joined and not left."""
        return list(self._workers)

    def counts(self, track: str) -> Counts:
        """That track's account."""
        of = self._tracks[track]
        return Counts(of.offered, of.done, len(of.ready) + len(of.later), len(of.leased))

    def offer(self, key: int) -> None:
        """A frame to be worked on; its ``key`` is higher than any before."""
        self._frames[key] = {track: _Share() for track in self._tracks}
        for of in self._tracks.values():
            of.offered += 1
            heappush(of.ready, key)

    def join(self, worker: int, track: str, credit: int, now_ns: int) -> bool:
        """A worker has come, or has come again and says anew how many it takes; False for a track that is none."""
        if track not in self._tracks:
            return False
        known = self._workers.get(worker)
        if known is not None and known.track != track:
            self.leave(worker)
        self._workers[worker] = _Worker(track, credit, now_ns)
        return True

    def leave(self, worker: int) -> None:
        """It has gone for good: what it has is anybody's at once."""
        gone = self._workers.pop(worker, None)
        if gone is None:
            return
        of = self._tracks[gone.track]
        for key in [key for key, share in of.leased.items() if share.worker == worker]:
            self._take_back(of, key)

    def heard(self, worker: int, now_ns: int) -> None:
        """It lives."""
        if (known := self._workers.get(worker)) is not None:
            known.heard_ns = now_ns

    def grant(self, worker: int, count: int) -> None:
        """It takes so many more."""
        if (known := self._workers.get(worker)) is not None:
            known.credit += count

    def keep(self, worker: int, key: int, now_ns: int) -> None:
        """It still works on it."""
        if (share := self._held(worker, key)) is not None:
            share.until_ns = now_ns + self._lease_ns

    def made(self, worker: int, key: int) -> None:
        """It has the result, which is not safe yet."""
        if (share := self._held(worker, key)) is not None:
            share.made = True

    def done(self, worker: int, key: int) -> bool:
        """Its result is safe, whoever may have the frame by now. True when all tracks are done with the frame."""
        track = self._track_of(worker, key)
        shares = self._frames.get(key)
        if track is None or shares is None:
            return False
        of, share = self._tracks[track], shares.pop(track)
        if share.worker is None:
            of.ready = [each for each in of.ready if each != key]
            of.later = [each for each in of.later if each[1] != key]
            of.ready.sort()
            of.later.sort()
        of.leased.pop(key, None)
        of.done += 1
        if not shares:
            del self._frames[key]
        return not shares

    def back(self, worker: int, key: int, delay_ns: int, now_ns: int) -> None:
        """It does not work on it any more: anybody's, at once or after the delay."""
        if self._held(worker, key) is not None:
            self._take_back(
                self._tracks[self._workers[worker].track], key, now_ns + delay_ns if delay_ns else 0
            )

    def turn(self, now_ns: int) -> list[Deal]:
        """What is to be given out now."""
        deals: list[Deal] = []
        for name, of in self._tracks.items():
            for key in [key for key, share in of.leased.items() if share.until_ns <= now_ns]:
                self._take_back(of, key)
            while of.later and of.later[0][0] <= now_ns:
                heappush(of.ready, heappop(of.later)[1])
            while of.ready and (worker := self._roomiest(name, now_ns)) is not None:
                deals.append(self._deal(of, name, worker, heappop(of.ready), now_ns))
        return deals

    @property
    def due_ns(self) -> int | None:
        """When :meth:`turn` may have something to do although nothing else happened."""
        times = [share.until_ns for of in self._tracks.values() for share in of.leased.values()]
        times += [of.later[0][0] for of in self._tracks.values() if of.later]
        return min(times, default=None)

    def _roomiest(self, track: str, now_ns: int) -> int | None:
        best, most = None, 0
        for number, worker in self._workers.items():
            silent = now_ns - worker.heard_ns >= self._lease_ns
            if worker.track == track and worker.credit > most and not silent:
                best, most = number, worker.credit
        return best

    def _deal(self, of: _Track, track: str, worker: int, key: int, now_ns: int) -> Deal:
        share = of.leased[key] = self._frames[key][track]
        share.worker, share.until_ns, share.made = worker, now_ns + self._lease_ns, False
        share.tries += 1
        share.had.add(worker)
        self._workers[worker].credit -= 1
        return Deal(worker, key, share.tries)

    def _take_back(self, of: _Track, key: int, due_ns: int = 0) -> None:
        share = of.leased.pop(key)
        if share.made:
            share.tries -= 1
        share.worker, share.made = None, False
        if due_ns:
            heappush(of.later, (due_ns, key))
        else:
            heappush(of.ready, key)

    def _held(self, worker: int, key: int) -> _Share | None:
        known = self._workers.get(worker)
        share = None if known is None else self._tracks[known.track].leased.get(key)
        return share if share is not None and share.worker == worker else None

    def _track_of(self, worker: int, key: int) -> str | None:
        """Of which track the worker was ever given the frame; None when it never was, or is done there."""
        for track, share in self._frames.get(key, {}).items():
            if worker in share.had:
                return track
        return None
