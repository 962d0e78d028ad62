"""The jobs that could start now, the most urgent first (pure)."""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from rushes.jobs.job import READY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.jobs.job import Entry, Job

__all__ = ["Ready", "Victims"]


class Ready:
    """Entries in order: a lane for those that came in order, a heap for the others.

    Most jobs come one after another with nothing to tell them apart but their number; the lane takes and gives
    each in the same short time, however long it is. Dead entries stay until they outnumber the living: removal
    by search was rejected, as cancelling a hundred thousand would take each time as long as the queue is.
    """

    __slots__ = ("count", "heap", "lane")

    def __init__(self) -> None:
        self.lane: deque[Entry] = deque()
        self.heap: list[Entry] = []
        self.count = 0  # living entries

    def push(self, job: Job, entry: Entry) -> None:
        """``job`` waits here now."""
        job.place = READY
        self.count += 1
        lane = self.lane
        if not lane or lane[-1] < entry:
            lane.append(entry)
        else:
            heappush(self.heap, entry)

    def move(self, entry: Entry) -> None:
        """A job that waits here already goes by this entry from now on."""
        heappush(self.heap, entry)
        self.settle()

    def first(self) -> Entry | None:
        """The most urgent living entry, left in place."""
        lane, heap = self.lane, self.heap
        while lane and lane[0][3].entry is not lane[0]:
            lane.popleft()
        while heap and heap[0][3].entry is not heap[0]:
            heappop(heap)
        if lane and heap:
            return min(lane[0], heap[0])
        return lane[0] if lane else heap[0] if heap else None

    def pop(self, floor: int) -> Entry | None:
        """Takes out the most urgent living entry, None when its tier is ``floor`` or less urgent still."""
        lane, heap = self.lane, self.heap
        while lane or heap:
            in_lane = not heap or (bool(lane) and lane[0] < heap[0])
            entry = lane[0] if in_lane else heap[0]
            living = entry[3].entry is entry
            if living and entry[0] >= floor:
                return None
            if in_lane:
                lane.popleft()
            else:
                heappop(heap)
            if living:
                self.count -= 1
                return entry
        return None

    def taken_out(self) -> None:
        """The entry of one that waited here is dead."""
        self.count -= 1
        self.settle()

    def settle(self) -> None:
        """Sweeps when the dead are the most."""
        dead = len(self.heap) + len(self.lane) - self.count
        if dead > 64 and dead > self.count:
            self.rebuild([])

    def rebuild(self, fresh: list[Entry]) -> None:
        """Sweeps, and takes in ``fresh`` entries of jobs that wait here, in one pass."""
        self.lane = deque(entry for entry in self.lane if entry[3].entry is entry)
        self.heap = [entry for entry in self.heap if entry[3].entry is entry]
        self.heap += fresh
        heapify(self.heap)

    def __iter__(self) -> Iterator[Job]:
        for entries in (self.lane, self.heap):
            yield from (entry[3] for entry in entries if entry[3].entry is entry)


class Victims:
    """Who goes when the queue is full: the least urgent, or the one that came first.

    Kept only under the policies that ask for it, as it costs a second heap.
    """

    __slots__ = ("_crowd", "_heap", "oldest")

    def __init__(self, *, oldest: bool) -> None:
        self.oldest = oldest
        self._heap: list[tuple[float, float, int, Entry]] = []
        self._crowd = 64

    def push(self, entry: Entry) -> None:
        """A job waits under this entry."""
        if len(self._heap) >= self._crowd:
            self._heap = [item for item in self._heap if item[3][3].entry is item[3]]
            heapify(self._heap)
            self._crowd = max(64, 2 * len(self._heap))
        tier, score, sequence, _ = entry
        order = (sequence, 0.0, 0) if self.oldest else (-tier, -score, -sequence)
        heappush(self._heap, (*order, entry))

    def pop(self) -> Entry | None:
        """Takes out the next to go, None when nobody waits."""
        while self._heap:
            entry = heappop(self._heap)[3]
            if entry[3].entry is entry:
                return entry
        return None
