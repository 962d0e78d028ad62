"""Receivers that are slow or stand still, and ends that are killed and started again."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks._ends import Phase
from benchmarks._family import family
from benchmarks._harness import Claim
from benchmarks._stream_run import PATIENCE_S, Broken, Ends, Run, ends, job, run
from benchmarks.claims.stream_parts import (
    BARE,
    OURS,
    Contender,
    Scale,
    Table,
    ratio,
    shown,
    take_turns,
    taking_part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CONTENDERS = {OURS: Contender("stream_ours", "jpeg"), BARE: Contender("stream_bare", "jpeg", "pyzmq")}
FPS = 30
SLOW_S = 0.2
_LONG = Phase("timed", FPS, 60)


class Restart(NamedTuple):
    """Seconds until the first frame: since the new end began to open, and since its program was started."""

    opened_s: float
    started_s: float


def claims(scale: Scale, there: Mapping[str, str], pictures: Path) -> list[Claim]:
    contenders = taking_part(there, CONTENDERS)
    return [
        *slow(scale, contenders, pictures),
        *stopped(scale, contenders, pictures),
        *killed(scale, contenders, pictures),
    ]


def slow(scale: Scale, contenders: Mapping[str, Contender], pictures: Path) -> list[Claim]:
    """One of two receivers takes 200 ms for each frame."""
    phases = [Phase("warm", FPS, min(0.5, scale.seconds)), Phase("timed", FPS, scale.slow_s)]

    def once(pauses: tuple[float, ...], who: Contender) -> Run:
        return run(job(who.peer, who.way, pictures, scale.height, pictures.parent), phases, pauses=pauses)

    alone = take_turns(contenders, scale.rounds, partial(once, (0.0,)), told="one receiver")
    beside = take_turns(contenders, scale.rounds, partial(once, (0.0, SLOW_S)), told="a slow receiver")
    # What the fast one takes beside the slow one, over what it takes without it.
    mixed = Table({OURS: beside.runs[OURS], "alone": alone.runs[OURS]}, {**alone.failed, **beside.failed})
    what = "a receiver that takes 200 ms for each frame, 30 a second"
    return [
        shown("slow_age", f"{what}: age of the frames it gets, median", "ms", beside,
              lambda run: run.part("timed", 1).p50_s, target=2000 / FPS, scale=1e3),
        shown("slow_worst", f"{what}: age of the oldest frame it got", "ms", beside,
              lambda run: max(run.part("timed", 1).came_s), scale=1e3),
        shown("slow_lost", "the other receiver beside it: lost and not told", "frames", beside,
              lambda run: run.untold, target=0),
        shown("slow_share", "the other receiver beside it: got of those offered", "%", beside, _share,
              scale=1, target=99.0, at_least=True),
        ratio("slow_beside", "its latency, beside the slow one over without it", mixed,
              lambda run: run.part("timed").p50_s, ["alone"], 1.25),
    ]  # fmt: skip


def stopped(scale: Scale, contenders: Mapping[str, Contender], pictures: Path) -> list[Claim]:
    """The receiver's processes stand still for some seconds, then go on."""
    phases = [
        Phase("warm", FPS, min(2.0, scale.seconds)),
        Phase("stopped", FPS, scale.stopped_s),
        Phase("after", FPS, min(2.0, scale.seconds)),
    ]
    table = take_turns(
        contenders,
        scale.rounds,
        lambda who: run(
            job(who.peer, who.way, pictures, scale.height, pictures.parent), phases, during=_stop_and_go
        ),
        told="a stopped receiver",
    )
    what = f"the receiver stands still for {scale.stopped_s:g} s"
    return [
        shown("stopped_send", f"{what}: the longest send meanwhile", "ms", table,
              lambda run: max(run.part("stopped").sends_s), target=1000 / FPS, scale=1e3),
        shown("stopped_before", "the same before it stood still", "ms", table,
              lambda run: max(run.part("warm").sends_s), scale=1e3),
        shown("stopped_untold", f"{what}: lost and not told", "frames", table, lambda run: run.untold, target=0),
    ]  # fmt: skip


def killed(scale: Scale, contenders: Mapping[str, Contender], pictures: Path) -> list[Claim]:
    """Either end is killed, and another started in its place."""
    found = []
    for what, once in (("receiver", _new_receiver), ("streamer", _new_sender)):
        times: dict[str, list[Restart]] = {}
        failed: dict[str, str] = {}
        for name, who in contenders.items():
            try:
                times[name] = [once(scale, pictures, who) for _ in range(scale.rounds)]
            except (Broken, OSError) as error:
                times[name], failed[name] = [], f"failed: {error}"
        found += _restarts(what, times, failed)
    return found


def _restarts(what: str, times: Mapping[str, list[Restart]], failed: Mapping[str, str]) -> list[Claim]:
    title = f"the {what} is killed and another one started: until the first frame"
    ways: list[tuple[str, str, float | None]] = [
        (f"killed_{what}", "since it began to open", 1000.0),
        (f"killed_{what}_program", "since its program was started", None),
    ]
    found = []
    for which, (id_, since, target) in enumerate(ways):
        parts: dict[str, Any] = {
            name: failed.get(name) or [each[which] for each in all_] for name, all_ in times.items()
        }
        values = [each[which] * 1000 for each in times[OURS]]
        found.append(
            Claim(id_, f"{title}, {since}", "ms", values, target, parts=parts, failed=OURS in failed)
        )
    return found


def _new_receiver(scale: Scale, pictures: Path, who: Contender) -> Restart:
    with _under_way(scale, pictures, who) as both:
        both.kill(both.receivers[0])
        both.board.came(0, -1)
        started_ns = time.monotonic_ns()
        born_ns = both.new_receiver()
        return _until_first(both, born_ns, started_ns)


def _new_sender(scale: Scale, pictures: Path, who: Contender) -> Restart:
    with _under_way(scale, pictures, who) as both:
        both.kill(both.sender)
        time.sleep(scale.stopped_s)  # as long as a program is away that has to be started by somebody
        both.board.came(0, -1)
        started_ns = time.monotonic_ns()
        born_ns = both.new_sender([_LONG])
        _go(both)
        return _until_first(both, born_ns, started_ns)


@contextmanager
def _under_way(scale: Scale, pictures: Path, who: Contender) -> Iterator[Ends]:
    where = job(who.peer, who.way, pictures, scale.height, pictures.parent)
    with ends(where, [_LONG]) as both:
        _go(both)
        time.sleep(min(1.0, scale.seconds))
        try:
            yield both
        finally:
            both.kill(both.sender)


def _go(both: Ends) -> None:
    line = both.sender[1]
    line.send("go")
    both.hear(both.sender)
    line.send("go")


def _until_first(both: Ends, born_ns: int, started_ns: int) -> Restart:
    until = time.monotonic() + PATIENCE_S
    while not both.board.joined:
        if time.monotonic() > until:
            raise Broken("nothing came after the restart")
        time.sleep(0.01)
    both.board.stop = True
    got, _ = both.hear(both.receivers[0])
    first_ns = next(each.at_ns for each in got if each.at_ns > started_ns)
    return Restart((first_ns - born_ns) / 1e9, (first_ns - started_ns) / 1e9)


def _share(run: Run) -> float:
    part = run.part("timed")
    return 100 * part.delivered / part.offered


def _stop_and_go(both: Ends, phase: str) -> None:
    what = {"stopped": signal.SIGSTOP, "after": signal.SIGCONT}.get(phase)
    if what is not None:
        for pid in family(both.receivers[0][0].pid):
            os.kill(pid, what)
