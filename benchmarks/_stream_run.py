"""Runs a contender's two ends, and joins what each of them kept."""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import socket
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks._ends import UNKNOWN, Board, Got, Job, Phase, Sent, receive, send
from benchmarks._family import cpu_s, kill_tree
from benchmarks._moving import FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

SPAWN = multiprocessing.get_context("spawn")
PATIENCE_S = 60.0
_GRACE_S = 5.0


class Broken(RuntimeError):
    """A contender did not come to its end."""


@dataclass
class Part:
    """What one phase came to at one receiver."""

    offered: int
    refused: int
    """Frames that send did not take, and said so."""
    seconds: float
    took_s: list[float]
    """Of each frame that came, from before its send until its array was handed over, in the order they came."""
    sends_s: list[float]
    cpu_s: tuple[float, float] = (0.0, 0.0)
    """Processor time of all processes of the sender, and of the receivers."""

    @property
    def delivered(self) -> int:
        return len(self.took_s)

    @property
    def fps(self) -> float:
        return self.delivered / self.seconds

    @property
    def came_s(self) -> list[float]:
        """``took_s`` where frames came; raises Broken without any."""
        if not self.took_s:
            raise Broken(f"none of {self.offered} frames came")
        return self.took_s

    @property
    def p50_s(self) -> float:
        return statistics.median(self.came_s)

    @property
    def p99_s(self) -> float:
        return sorted(self.came_s)[-1 - len(self.came_s) // 100]

    @property
    def cpu_each_s(self) -> float:
        """Both ends together, for each frame that was delivered."""
        return sum(self.cpu_s) / max(1, self.delivered)


@dataclass
class Run:
    """What a contender came to: by receiver, by phase."""

    parts: list[dict[str, Part]]
    before_join: int
    """Frames that were sent before the first one that came."""
    lost: int
    """Of those accepted after the first that came: how many never came."""
    refused: int
    """Of all calls after the first frame that came: how many send did not take, and said so."""
    untold: int
    """How far that is from what the contender itself told of."""
    disordered: int

    def part(self, phase: str, receiver: int = 0) -> Part:
        return self.parts[receiver][phase]


def job(peer: str, way: str, pictures: Path, height: int, folder: Path, *, by_name: bool = False) -> Job:
    """A job at an address that is free."""
    if by_name:
        address = f"bench-{secrets.token_hex(4)}"
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
    return Job(peer, way, address, str(pictures), height, str(folder / f"board-{secrets.token_hex(4)}"))


class Ends:
    """The processes of one contender, started and waiting to begin."""

    def __init__(self, job: Job, phases: Sequence[Phase], pauses: Sequence[float]) -> None:
        self.job = job
        self.board = Board(job.board, receivers=len(pauses))
        self._phases = [Phase("join", phases[0].fps or 30, 0), *phases]
        self.receivers = [self._receiver(which, pause_s) for which, pause_s in enumerate(pauses)]
        self.sender = self._child(send, job, self._phases)

    def kill(self, end: tuple[Any, Connection]) -> None:
        """Ends its processes without a word."""
        kill_tree(end[0].pid)
        end[0].join()

    def new_sender(self, phases: Sequence[Phase]) -> int:
        """Another sender in the place of one that was killed; when it began to open."""
        self._close(self.sender)
        self.sender = self._child(send, self.job, phases)
        born_ns: int = self.hear(self.sender)
        return born_ns

    def new_receiver(self) -> int:
        """Another receiver in the place of one that was killed; when it began to open."""
        self._close(self.receivers[0])
        self.receivers[0] = self._receiver(0, 0.0)
        born_ns: int = self.hear(self.receivers[0])
        return born_ns

    def _receiver(self, which: int, pause_s: float) -> tuple[Any, Connection]:
        return self._child(receive, self.job, which, pause_s)

    def _child(self, target: Any, *arguments: Any) -> tuple[Any, Connection]:
        here, there = SPAWN.Pipe()
        child = SPAWN.Process(target=target, args=(*arguments, there))
        child.start()
        there.close()
        return child, here

    def all(self) -> list[tuple[Any, Connection]]:
        return [self.sender, *self.receivers]

    def hear(self, end: tuple[Any, Connection]) -> Any:
        line = end[1]
        if not line.poll(PATIENCE_S):
            raise Broken(f"{self.job.peer} {self.job.way}: nothing heard of one end")
        try:
            return line.recv()
        except EOFError:
            raise Broken(f"{self.job.peer} {self.job.way}: one end broke off") from None

    def finish(self, grace_s: float) -> None:
        for child, line in self.all():
            child.join(grace_s)
            self.kill((child, line))
            self._close((child, line))

    def _close(self, end: tuple[Any, Connection]) -> None:
        child, line = end
        child.close()
        line.close()


@contextlib.contextmanager
def ends(job: Job, phases: Sequence[Phase], pauses: Sequence[float] = (0.0,)) -> Iterator[Ends]:
    """Both ends, ready to begin; what is left of them in the end is killed."""
    made = Ends(job, phases, pauses)
    try:
        for end in made.all():
            made.hear(end)
        yield made
    except BaseException:
        made.finish(0.0)
        raise
    made.finish(_GRACE_S)


def run(
    job: Job,
    phases: Sequence[Phase],
    *,
    pauses: Sequence[float] = (0.0,),
    during: Callable[[Ends, str], None] | None = None,
) -> Run:
    """Lets the sender go through its phases; ``during`` is called as each begins."""
    with ends(job, phases, pauses) as both:
        return collect(both, phases, during)


def collect(both: Ends, phases: Sequence[Phase], during: Callable[[Ends, str], None] | None = None) -> Run:
    sender, line = both.sender
    line.send("go")
    spent: list[tuple[float, float]] = []
    for _ in range(len(phases) + 1):
        word = both.hear(both.sender)
        spent.append((cpu_s(sender.pid), sum(cpu_s(child.pid) for child, _ in both.receivers)))
        if word != "end":
            line.send("go")
            if during is not None:
                during(both, word)
    sent = both.hear(both.sender)
    both.board.stop = True
    line.send("close")
    said = [both.hear(end) for end in both.receivers]
    out = joined(sent, [got for got, _ in said], phases)
    out.untold = untold(out, sum(said[0][1].values()))
    for parts in out.parts:
        for phase, before, after in zip(phases, spent[:-1], spent[1:], strict=True):
            parts[phase.name].cpu_s = (after[0] - before[0], after[1] - before[1])
    return out


def joined(sent: Sequence[Sent], all_got: Sequence[Sequence[Got]], phases: Sequence[Phase]) -> Run:
    """Puts together what both ends kept of the same frames."""
    table = {each.number: each for each in sent if each.number is not None}
    numbered = [_numbered(got) for got in all_got]
    parts = [{phase.name: _part(phase.name, sent, got, table) for phase in phases} for got in numbered]
    numbers = [each.number for each in numbered[0]]
    after = {number for number in table if number >= min(numbers)}
    highest, disordered = -1, 0
    for number in numbers:
        disordered += number < highest
        highest = max(highest, number)
    return Run(
        parts,
        before_join=sum(number < numbers[0] for number in table),
        lost=len(after - set(numbers)),
        refused=sum(each.number is None for each in sent if each.index >= table[numbers[0]].index),
        untold=0,
        disordered=disordered,
    )


def untold(run: Run, told: int) -> int:
    """How many losses nobody told of, or how many too many were told."""
    if told <= run.lost:
        return run.lost - told
    # It may have begun to count at one of those that were sent before the first that came.
    return max(0, told - run.lost - run.before_join)


def _numbered(got: Sequence[Got]) -> list[Got]:
    """Frames without a number get the next one after the last that fits what they show."""
    out: list[Got] = []
    last = -1
    for each in got:
        if each.number == UNKNOWN:
            each = each._replace(number=last + 1 + (each.shows - last - 1) % FRAMES)
        last = each.number
        out.append(each)
    return out


def _part(phase: str, sent: Sequence[Sent], got: Sequence[Got], table: dict[int, Sent]) -> Part:
    mine = [each for each in sent if each.phase == phase]
    came = [(each, table[each.number]) for each in got if each.number in table]
    ours = [(each, its) for each, its in came if its.phase == phase]
    for each, its in ours:
        if each.shows not in (UNKNOWN, its.index % FRAMES):
            raise Broken(f"frame {each.number} shows {each.shows}, not {its.index % FRAMES}")
    last = mine[-1].begun_ns + mine[-1].took_ns
    return Part(
        offered=len(mine),
        refused=sum(each.number is None for each in mine),
        seconds=(last - mine[0].begun_ns) / 1e9 * len(mine) / max(1, len(mine) - 1),
        took_s=[(each.at_ns - its.begun_ns) / 1e9 for each, its in ours],
        sends_s=[each.took_ns / 1e9 for each in mine],
    )
