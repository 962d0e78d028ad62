"""A moving 1080p picture as JPEG from one process to another, thirty to a hundred and twenty times a second.

All go through a socket, as they would between machines. What rushes does when it is left to see that both ends are
on one machine is shown, and not judged: it makes no JPEG then.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks._ends import Phase
from benchmarks._stream_run import job, run
from benchmarks.claims.stream_parts import (
    ASKED,
    BARE,
    GEAR,
    IMAGES,
    NEAR,
    OURS,
    SEED,
    Contender,
    Scale,
    Table,
    ratio,
    shown,
    take_turns,
    taking_part,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks._harness import Claim
    from benchmarks._stream_run import Run

CONTENDERS = {
    OURS: Contender("stream_ours", "jpeg"),
    NEAR: Contender("stream_ours", "near"),
    BARE: Contender("stream_bare", "jpeg", "pyzmq"),
    SEED: Contender("stream_pystreaming", "", "pystreaming"),
    IMAGES: Contender("stream_imagezmq", "pub", "imagezmq"),
    ASKED: Contender("stream_imagezmq", "reqrep", "imagezmq"),
    GEAR: Contender("stream_netgear", "", "vidgear"),
}
JUDGED = 60
MOST = 120


def claims(scale: Scale, there: Mapping[str, str], pictures: Path) -> list[Claim]:
    found: list[Claim] = []
    for fps in scale.rates:
        contenders = taking_part(there, CONTENDERS)
        if fps != JUDGED or scale.short:
            contenders = {name: each for name, each in contenders.items() if name not in (ASKED, NEAR)}
        once = partial(_once, scale, pictures, fps)
        table = take_turns(contenders, scale.rounds, once, told=f"{fps} a second")
        found += _figures(table, fps)
        if fps == JUDGED:
            found += _against(table, fps)
        if fps == MOST:
            title = f"1080p at {fps} a second: delivered, times as many as pystreaming"
            found.append(ratio("delivered_seed", title, table, _fps, [SEED], 1.3, at_least=True))
    return found


def _once(scale: Scale, pictures: Path, fps: int, who: Contender) -> Run:
    phases = [Phase("warm", fps, min(1.5, scale.seconds)), Phase("timed", fps, scale.seconds)]
    return run(job(who.peer, who.way, pictures, scale.height, pictures.parent), phases)


def _figures(table: Table, fps: int) -> list[Claim]:
    what = f"1080p at {fps} a second"
    judged = 0 if fps == MOST else None
    return [
        shown(f"latency_{fps}", f"{what}: from before send to the decoded array, median", "ms", table, _p50,
              scale=1e3),
        shown(f"latency99_{fps}", f"{what}: the same, 99th percentile", "ms", table, _p99, scale=1e3),
        shown(f"cpu_{fps}", f"{what}: processor time of both ends per delivered frame", "ms", table, _cpu,
              scale=1e3),
        shown(f"delivered_{fps}", f"{what}: delivered", "frames/s", table, _fps),
        shown(f"lost_{fps}", f"{what}: lost after the first that came, refused ones included", "frames", table,
              lambda run: run.lost + run.refused),
        shown(f"untold_{fps}", f"{what}: lost, and not told by the system itself", "frames", table,
              lambda run: run.untold, target=judged),
        shown(f"disordered_{fps}", f"{what}: came after one with a higher number", "frames", table,
              lambda run: run.disordered, target=0),
        shown(f"joining_{fps}", f"{what}: sent before the first that came", "frames", table,
              lambda run: run.before_join),
    ]  # fmt: skip


def _against(table: Table, fps: int) -> list[Claim]:
    what = f"1080p at {fps} a second"
    latency, cpu = f"{what}: latency, median", f"{what}: processor time per delivered frame"
    return [
        ratio("latency_seed", f"{latency}: pystreaming's", table, _p50, [SEED], 1 / 3.5),
        ratio(
            "latency99_seed", f"{what}: latency, 99th percentile: pystreaming's", table, _p99, [SEED], 1 / 3
        ),
        ratio("latency_imagezmq", f"{latency}: imagezmq's", table, _p50, [IMAGES], 1.05),
        ratio("latency_asked", f"{latency}: imagezmq's, with requests", table, _p50, [ASKED]),
        ratio("latency_netgear", f"{latency}: NetGear's", table, _p50, [GEAR], 0.75),
        ratio("latency_bare", f"{latency}: that of bare pyzmq with simplejpeg", table, _p50, [BARE], 1.05),
        ratio("cpu_seed", f"{cpu}: pystreaming's", table, _cpu, [SEED], 0.6),
        ratio("cpu_imagezmq", f"{cpu}: imagezmq's", table, _cpu, [IMAGES], 1.05),
        ratio("cpu_bare", f"{cpu}: that of bare pyzmq with simplejpeg", table, _cpu, [BARE]),
    ]


def _p50(run: Run) -> float:
    return run.part("timed").p50_s


def _p99(run: Run) -> float:
    return run.part("timed").p99_s


def _cpu(run: Run) -> float:
    return run.part("timed").cpu_each_s


def _fps(run: Run) -> float:
    return run.part("timed").fps
