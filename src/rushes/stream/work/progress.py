"""How far a receiver has come, kept where the results are: whoever receives next, on any machine, goes on from there.

In the hub and nowhere else. A file beside the receiver was rejected: one that is started on another machine knows
nothing of it and would wait for ever for what is gone from the hub, and two places that say how far it came may differ.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushes.errors import WireError
    from rushes.stream.work.results import Settled
    from rushes.wire.jetstream import JetLink

__all__ = ["HubProgress", "Marks", "Progress"]

_MOST = 64
_LOOK_S = 0.1


class Progress(Protocol):
    """Where a receiver keeps how far it has come."""

    def known_of(self, run: int, track: str) -> tuple[int, list[int]]:
        """The index to begin with, and those beyond it that are done, as an earlier receiver left them."""

    def reached(self, settled: Iterable[Settled], then: Callable[[], object]) -> None:
        """Keeps it; returns when the death of this process does not undo it. ``then()`` is called once, from any
        thread, when nothing does: what was done may be deleted then. Calls are one at a time.
        """

    def close(self) -> None:
        """Nothing more is kept; one who waits in ``reached`` is let go."""


class _Line(msgspec.Struct, array_like=True):
    run: int
    track: str
    upto: int
    beyond: list[tuple[int, int]]


class Marks:
    """For each run and track the index that comes next, and those done beyond it; as bytes, and from them (pure).

    The 64 that were heard of last. Bytes that cannot be read count as none.
    """

    def __init__(self, text: bytes) -> None:
        try:
            lines = msgspec.json.decode(text, type=list[_Line]) if text else []
        except msgspec.MsgspecError:
            lines = []
        self._lines = {(line.run, line.track): line for line in lines}

    def known_of(self, run: int, track: str) -> tuple[int, list[int]]:
        """The index to begin with, and those beyond it that are done."""
        line = self._lines.get((run, track))
        if line is None:
            return 0, []
        return line.upto, [index for first, last in line.beyond for index in range(first, last + 1)]

    def reached(self, run: int, track: str, index: int, beyond: list[int]) -> None:
        """All before ``index`` is done, and so is what is ``beyond``, which rises."""
        self._lines.pop((run, track), None)
        self._lines[run, track] = _Line(run, track, index, _spans(beyond))
        while len(self._lines) > _MOST:
            del self._lines[next(iter(self._lines))]

    def packed(self) -> bytes:
        """All of it."""
        return msgspec.json.encode(list(self._lines.values()))


class HubProgress:
    """A :class:`Progress` in the hub, where one receiver at a time has it: ConfigError, which names the other."""

    def __init__(
        self,
        link: JetLink,
        stream: str,
        *,
        over: Callable[[], bool],
        on_lost: Callable[[WireError], object],
    ) -> None:
        self._over = over
        self._claim = link.claim(stream, _who(), on_lost=on_lost)
        self._marks = Marks(self._claim.text)

    def known_of(self, run: int, track: str) -> tuple[int, list[int]]:
        """See :class:`Progress`."""
        return self._marks.known_of(run, track)

    def reached(self, settled: Iterable[Settled], then: Callable[[], object]) -> None:
        """See :class:`Progress`. While the hub is away, it waits, but not beyond ``over()``."""
        for each in settled:
            self._marks.reached(each.run, each.track, each.upto, each.beyond)
        # A round trip for each frame would hold up who is far from the hub. What has left this process arrives.
        written = self._claim.note(self._marks.packed(), then)
        while not (written.wait(_LOOK_S) or self._over()):
            continue

    def close(self) -> None:
        """What is on its way has a moment to become safe."""
        self._claim.close()


def _who() -> str:
    return f"process {os.getpid()} ({os.path.basename(sys.argv[0])[:60]}) on {socket.gethostname()}"


def _spans(rising: list[int]) -> list[tuple[int, int]]:
    """The same as first and last of what has no holes: taken out of order, hundreds may be done beyond one missing."""
    spans: list[tuple[int, int]] = []
    for index in rising:
        if spans and spans[-1][1] == index - 1:
            spans[-1] = (spans[-1][0], index)
        else:
            spans.append((index, index))
    return spans
