"""What carries the frames, without what makes JPEG of them: a payload of 500 KB, raw 1080p, and one machine alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._awake import awake
from benchmarks._ends import Phase
from benchmarks._stream_run import job, run
from benchmarks.claims.stream_parts import (
    NEAR,
    OURS,
    Contender,
    Scale,
    Table,
    ratio,
    shown,
    take_turns,
    taking_part,
)
from rushes.wire import keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks._harness import Claim
    from benchmarks._stream_run import Run

WIRE, KEYS, LOCAL = "rushes, wire alone", "rushes, wire alone, encrypted", "rushes, shm"
PUB, PUSH = "bare pyzmq, PUB", "bare pyzmq, PUSH"
CONTENDERS = {
    WIRE: Contender("stream_wire", ""),
    OURS: Contender("stream_ours", "raw"),
    PUB: Contender("stream_bare", "raw", "pyzmq"),
    PUSH: Contender("stream_bare", "push", "pyzmq"),
}
ENCRYPTED = {KEYS: Contender("stream_wire", "keys")}
AT_HOME = {
    LOCAL: Contender("stream_ours", "shm"),
    NEAR: Contender("stream_ours", "near"),
    OURS: CONTENDERS[OURS],
    PUB: CONTENDERS[PUB],
}
BARE = [PUB, PUSH]
FPS = 30
WINDOW = 4
"""Frames under way at once, for all alike; each has room for more, so that none is dropped for want of it."""


def claims(scale: Scale, there: Mapping[str, str], pictures: Path) -> list[Claim]:
    payload = pictures.with_name("payload.npy")
    np.save(payload, np.random.default_rng(5).integers(0, 256, scale.payload, np.uint8))
    contenders = taking_part(there, CONTENDERS)
    if scale.short:
        del contenders[OURS]
    kilobytes = f"{scale.payload[0] * scale.payload[1] / 1000:.0f} KB"
    found = _carried("payload", kilobytes, _table(scale, contenders, payload, 0, kilobytes), 1.2)
    if not scale.short:
        keys.new(pictures.with_name("keys"))
        table = _table(scale, {**contenders, **ENCRYPTED}, pictures, scale.height, "raw 1080p")
        found += _carried("raw", "raw 1080p", table, None)
        title = f"raw 1080p, encrypted, as fast as {WINDOW} under way allow"
        found.append(shown("raw_keys", title, "frames/s", table, _flood, target=60, at_least=True, ours=KEYS))
    return [*found, *at_home(scale, there, pictures)]


def at_home(scale: Scale, there: Mapping[str, str], pictures: Path) -> list[Claim]:
    """Raw pictures between processes of one machine, where nothing has to leave its memory."""
    with awake():
        contenders = taking_part(there, AT_HOME)
        if scale.short:
            del contenders[OURS], contenders[NEAR]
        once = partial(_once, scale, pictures, scale.height, False)
        table = take_turns(contenders, scale.rounds, once, told="one machine")
    what = "raw 1080p on one machine, 30 a second: from before send to the array"
    against = "the same: that of bare pyzmq over tcp"
    return [
        shown("local", f"{what}, median", "ms", table, _p50, scale=1e3, ours=LOCAL),
        ratio("local_bare", against, table, _p50, [PUB], 0.5, ours=LOCAL),
        ratio("local_near", f"{against}; rushes with the same tcp address", table, _p50, [PUB], 0.5, ours=NEAR),
        ratio("local_wire", f"{against}; rushes through its socket too", table, _p50, [PUB]),
        shown("local_cpu", "the same: processor time of both ends per frame", "ms", table, _cpu, scale=1e3,
              ours=LOCAL),
    ]  # fmt: skip


def _table(
    scale: Scale, contenders: Mapping[str, Contender], pictures: Path, height: int, told: str
) -> Table:
    with awake():
        once = partial(_once, scale, pictures, height, True)
        return take_turns(contenders, scale.rounds, once, told=told)


def _once(scale: Scale, pictures: Path, height: int, flood: bool, who: Contender) -> Run:
    phases = [Phase("warm", FPS, min(0.7, scale.seconds)), Phase("timed", FPS, scale.seconds / 2)]
    if flood:
        phases += [Phase("full", 0, 0.2, WINDOW), Phase("flood", 0, scale.seconds / 2, WINDOW)]
    where = job(who.peer, who.way, pictures, height, pictures.parent, by_name=who.way == "shm")
    return run(where, phases)


def _carried(id_: str, what: str, table: Table, most: float | None) -> list[Claim]:
    fast = f"{what}, as fast as {WINDOW} under way allow"
    latency = f"{what}, {FPS} a second: from before send to the payload in hand, median"
    lost = f"{what}: lost and not told"
    return [
        shown(f"{id_}_latency", latency, "ms", table, _p50, scale=1e3, ours=WIRE),
        ratio(f"{id_}_latency_bare", f"{latency}: bare pyzmq's", table, _p50, BARE, most, ours=WIRE),
        ratio(f"{id_}_latency_api", f"{latency}, by Streamer and Receiver: bare pyzmq's", table, _p50, BARE),
        shown(f"{id_}_fps", fast, "frames/s", table, _flood, ours=WIRE),
        ratio(f"{id_}_fps_bare", f"{fast}: bare pyzmq's", table, _flood, BARE, 0.8, at_least=True, ours=WIRE),
        ratio(
            f"{id_}_fps_api",
            f"{fast}, by Streamer and Receiver: bare pyzmq's",
            table,
            _flood,
            BARE,
            at_least=True,
        ),
        shown(f"{id_}_lost", lost, "frames", table, lambda run: run.untold, target=0, ours=WIRE),
    ]


def _p50(run: Run) -> float:
    return run.part("timed").p50_s


def _cpu(run: Run) -> float:
    return run.part("timed").cpu_each_s


def _flood(run: Run) -> float:
    return run.part("flood").fps
