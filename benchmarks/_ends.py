"""The two ends of a stream in fresh processes, what each keeps of its frames, and the board they share.

Neither end tells the other when a frame was sent: the sender keeps a table by number, the receiver another, and the
two are joined afterwards. So no contender is charged for carrying a time it would not carry by itself.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from benchmarks._moving import frame, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

UNKNOWN = -1
"""The number of a frame whose contender carries none: then the one that it shows stands for it."""

_WAIT_S = 0.1
_NAP_S = 0.00005
_PATIENCE_S = 15.0
_TAIL_FPS, _TAIL_S = 25, 0.16
_DRAIN_S = 1.0


@dataclass(frozen=True)
class Job:
    """What both ends of a contender are told."""

    peer: str
    """Its module in ``peers``."""
    way: str
    """Which of its ways."""
    address: str
    """127.0.0.1:PORT, or a name for what meets by name."""
    pictures: str
    """The file with the tall picture, or with a payload of one row."""
    height: int
    """Of a frame; 0: the payload is sent as it is, again and again."""
    board: str
    """The file of the board."""
    quality: int = 50


class Phase(NamedTuple):
    """A time in which frames are sent at a rate, or with ``fps`` 0 as fast as ``window`` under way allow."""

    name: str
    fps: float
    seconds: float
    window: int = 4


@dataclass(frozen=True, slots=True)
class Sent:
    """One call of send. ``number`` is None when the frame was refused."""

    phase: str
    index: int
    number: int | None
    begun_ns: int
    took_ns: int


class Got(NamedTuple):
    """One frame that came. ``shows`` is UNKNOWN for payloads that are no pictures."""

    number: int
    shows: int
    at_ns: int


class Sender(Protocol):
    def send(self, array: Any) -> int | None:
        """The number under which it travels, None when the contender refused it."""

    def close(self) -> None: ...


class Receiver(Protocol):
    def receive(self, wait_s: float) -> tuple[int, Any] | None:
        """Number and array; None when nothing came in time."""

    def told(self) -> dict[str, int]:
        """The losses since its first frame that the contender tells of by itself, by reason."""

    def close(self) -> None: ...


class Board:
    """A few numbers in a file that all ends see at once; each is written by one process only."""

    STOP, LAST, FIRST = range(3)
    _EACH = 2

    def __init__(self, path: str, *, receivers: int = 0) -> None:
        if receivers:
            cells = np.full(1 + self._EACH * receivers, -1, np.int64)
            cells[self.STOP] = 0
            cells.tofile(path)
        self._cells = np.memmap(path, np.int64, "r+")

    @property
    def stop(self) -> bool:
        return bool(self._cells[0])

    @stop.setter
    def stop(self, value: bool) -> None:
        self._cells[0] = value

    def came(self, receiver: int, number: int) -> None:
        self._cells[self._EACH * receiver + self.LAST] = number

    def last(self, receiver: int) -> int:
        """The number that came last, -1 before the first."""
        return int(self._cells[self._EACH * receiver + self.LAST])

    @property
    def joined(self) -> bool:
        """Every receiver has got a frame."""
        return bool((self._cells[self.LAST :: self._EACH] >= 0).all())


def send(job: Job, phases: Sequence[Phase], line: Connection) -> None:
    """The sender's process. ``line`` hears when it began to open, the phases' names, and what was sent.

    It waits for an answer before the first phase, after each name, and before it closes.
    """
    tall = np.load(job.pictures)
    born_ns = time.monotonic_ns()
    sender: Sender = importlib.import_module(f"benchmarks.peers.{job.peer}").Sender(job)
    line.send(born_ns)
    line.recv()
    run = _Sending(sender, tall, job.height, Board(job.board))
    for phase in phases:
        if phase.name != "join":
            line.send(phase.name)
            line.recv()
        run.phase(phase)
    line.send("end")
    # What follows the last phase tells receivers of a loss at its end.
    run.phase(Phase("tail", _TAIL_FPS, _TAIL_S))
    run.drain()
    line.send(run.table)
    line.recv()
    sender.close()


class _Sending:
    def __init__(self, sender: Sender, tall: Any, height: int, board: Board) -> None:
        self.table: list[Sent] = []
        self._sender, self._tall, self._height, self._board = sender, tall, height, board
        self._index = 0
        self._number = -1

    def phase(self, phase: Phase) -> None:
        begun = time.monotonic()
        if phase.name == "join":
            self._paced(phase, lambda: self._board.joined, begun + _PATIENCE_S)
            if not self._board.joined:
                raise TimeoutError("no frame came")
        elif phase.fps:
            self._paced(phase, lambda: False, begun + phase.seconds)
        else:
            self._flood(phase, begun + phase.seconds)

    def drain(self) -> None:
        """Waits until what was sent has come, or a second at most."""
        until = time.monotonic() + _DRAIN_S
        while self._board.last(0) < self._number and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.05)  # what came out of order

    def _paced(self, phase: Phase, enough: Any, until: float) -> None:
        due, period = time.monotonic(), 1 / phase.fps
        while due < until and not enough():
            self._send(phase.name)
            due += period
            late = time.monotonic() - due
            if late > period:  # a camera does not wait: what was due meanwhile was never offered
                due += late // period * period
            elif late < 0:
                time.sleep(-late)

    def _flood(self, phase: Phase, until: float) -> None:
        while (now := time.monotonic()) < until:
            while self._number - self._board.last(0) >= phase.window and time.monotonic() < now + 0.5:
                time.sleep(_NAP_S)
            self._send(phase.name)

    def _send(self, phase: str) -> None:
        array = frame(self._tall, self._index, self._height) if self._height else self._tall
        begun = time.monotonic_ns()
        number = self._sender.send(array)
        took = time.monotonic_ns() - begun
        if number is not None:
            self._number = number = self._index if number == UNKNOWN else number
        self.table.append(Sent(phase, self._index, number, begun, took))
        self._index += 1


def receive(job: Job, which: int, pause_s: float, line: Connection) -> None:
    """A receiver's process: takes frames until the board says stop, with a pause after each.

    ``line`` hears when it began to open, and in the end what came and what the contender tells of losses.
    """
    board = Board(job.board)
    module = importlib.import_module(f"benchmarks.peers.{job.peer}")
    born_ns = time.monotonic_ns()
    receiver: Receiver = module.Receiver(job)
    line.send(born_ns)
    got: list[Got] = []
    clock = time.monotonic_ns
    while not board.stop:
        item = receiver.receive(_WAIT_S)
        now = clock()
        if item is None:
            continue
        number, array = item
        shows = shown(array) if job.height else UNKNOWN
        got.append(Got(number, shows, now))
        board.came(which, len(got) - 1 if number == UNKNOWN else number)
        del item, array
        if pause_s:
            time.sleep(pause_s)
    told = receiver.told()
    receiver.close()
    line.send((got, told))
