"""What the index is told of a channel's segments: in order, as soon as it listens, and never before it is true."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from rushes.archive.database import IndexBusy
from rushes.figures import to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rushes.archive.index import Index
    from rushes.archive.records import Gop, Segment
    from rushes.archive.segment import SegmentFile
    from rushes.figures import Figure
    from rushes.jobs import Handle
    from rushes.metrics import Edge

__all__ = ["AGAIN_S", "Telling"]

AGAIN_S = 0.1
"""How soon an index that is locked is asked again."""

# A figure of a picture that nothing follows is shown for so long.
_FIGURE_NS = 1_000_000_000


class Telling:
    """Rows on their way into the index; a group of pictures is counted as delivered once its row is there.

    An index that is locked is waited for, while recording goes on: ``behind`` rows wait then. One thread;
    ``later`` has slow work done on another.
    """

    def __init__(self, index: Index, edge: Edge, later: Callable[[Callable[[], None]], Handle]) -> None:
        self._index, self._edge, self._later = index, edge, later
        # In their order. Appended to by whoever has synced a file, too.
        self._rows: deque[Callable[[], None]] = deque()
        self._syncing: list[Handle] = []
        self._figures: deque[tuple[int, Sequence[Figure]]] = deque()

    @property
    def behind(self) -> int:
        """Rows that the index could not take yet."""
        return len(self._rows)

    def draw(self, t_ns: int, figures: Sequence[Figure]) -> None:
        """The picture of that moment has these figures; they are told with its group."""
        self._figures.append((t_ns, figures))

    def known(self, file: SegmentFile, segment: Segment, gop: Gop) -> None:
        """A group of pictures is whole in the file."""
        figures = self._figures_until(gop.end_ns)

        def row() -> None:
            self._index.add_gop(segment, gop, bytes=file.size, extradata=file.extradata, figures=figures)
            self._edge.deliver(len(gop.samples))

        self._rows.append(row)
        self.catch_up()

    def closed(self, file: SegmentFile, segment: Segment) -> None:
        """The file is finished: it has to be on the disk before it is said to be."""

        def work() -> None:
            file.sync()
            self._rows.append(partial(self._index.close_segment, segment.id, bytes=file.size))

        self._figures.clear()
        self._syncing = [each for each in self._syncing if not each.done()]
        self._syncing.append(self._later(work))

    def unmade(self, segment: Segment) -> None:
        """There is a row, but its file could not be made."""

        def forget() -> None:
            self._index.forget_garbage(self._index.remove_segment(segment.id))

        self._rows.append(forget)

    def catch_up(self) -> bool:
        """Gives the index the rows that wait; whether it took all. OSError when the disk is full."""
        while self._rows:
            try:
                self._rows[0]()
            except IndexBusy:
                return False
            self._rows.popleft()
        return True

    def settle(self, patience_s: float) -> bool:
        """Waits until the index knows everything; False when it does not in that time.

        What is left out then is found when the archive is opened the next time.
        """
        until = time.monotonic() + patience_s
        for each in self._syncing:
            with contextlib.suppress(Exception):  # the row stays open, and is looked into at the next opening
                each.result(max(0.0, until - time.monotonic()))
        while not self.catch_up():
            if time.monotonic() > until:
                return False
            time.sleep(AGAIN_S)
        return all(each.done() and each.exception(0) is None for each in self._syncing)

    def _figures_until(self, end_ns: int) -> list[tuple[int, int, str]]:
        """Each picture's figures with their times: until the next picture that has some."""
        taken = []
        while self._figures and self._figures[0][0] <= end_ns:
            t_ns, figures = self._figures.popleft()
            until_ns = self._figures[0][0] - 1 if self._figures else t_ns + _FIGURE_NS
            text = json.dumps([to_plain(figure) for figure in figures])
            taken.append((t_ns, min(until_ns, t_ns + _FIGURE_NS), text))
        return taken
