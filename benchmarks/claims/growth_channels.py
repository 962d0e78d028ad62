"""More channels on one station: what each of them takes, and at how many this machine is full."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from benchmarks._growth_curve import Curve, Series, line
from benchmarks._growth_station import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._growth_station import Spent
    from benchmarks._harness import Claim

WIDTH, HEIGHT, FPS = 1280, 720, 15
SOURCE = f"testcard:{WIDTH}x{HEIGHT}@{FPS}"
FULL_BELOW = 95.0
_MIB = 1 << 20
_HELD = "processor time of a channel, all processes, with most channels that get their frames: with one"


def measure(
    counts: Sequence[int], seconds: float, rounds: int, beyond: Sequence[int] = ()
) -> tuple[Curve, list[Claim]]:
    """Stations of so many channels, one after another, each looked at for so long once it is live.

    ``beyond``: tried once each while the machine is not full yet.
    """
    curve = _curve()
    for _ in range(rounds):
        for count in counts:
            _add(curve, count, seconds)
    for count in beyond:
        if not full(curve, curve.amounts[-1]):
            _add(curve, count, seconds)
    finish(curve)
    return curve, claims(curve)


def figures(before: Spent, after: Spent, count: int) -> dict[str, float]:
    """Per channel, unless the title says otherwise."""
    took_s = after.at_s - before.at_s
    used = {kind: after.cpu_s[kind] - before.cpu_s.get(kind, 0.0) for kind in after.cpu_s}
    share = {kind: 100 * each / took_s / count for kind, each in used.items()}
    source, recorder = share.pop("source", 0.0), share.pop("recorder", 0.0)
    others = sum(share.values())
    private = sum(after.private.values())
    written = after.disk - before.disk
    recorded = after.recorded - before.recorded
    return {
        "cpu": source + recorder + others,
        "cpu_source": source,
        "cpu_recorder": recorder,
        "cpu_others": others,
        "machine": (source + recorder + others) * count / (os.cpu_count() or 1),
        "frames": 100 * (after.frames - before.frames) / (FPS * took_s * count),
        "recorded": 100 * recorded / (FPS * took_s * count),
        "lost": float(after.lost - before.lost),
        "private": private / count / _MIB,
        "private_source": after.private.get("source", 0) / count / _MIB,
        "depots": after.depots / count / _MIB,
        "disk": written / took_s / count / 1e3,
    }


def full(curve: Curve, count: float) -> bool:
    """Whether so many channels are more than the machine can do: frames do not come, or are lost behind the sources."""
    frames, lost = curve.series["frames"].median(count), curve.series["lost"].median(count)
    # One frame of each channel may be lost by chance, whatever the load.
    return (frames or 0.0) < FULL_BELOW or (lost or 0.0) > count


def finish(curve: Curve) -> None:
    """Adds how many channels fill the machine: by the costs, and as it was seen."""
    cores = os.cpu_count() or 1
    total: dict[float, float] = {}
    memory: dict[float, float] = {}
    for count in curve.amounts:
        cost, held = curve.series["cpu"].median(count), curve.series["private"].median(count)
        # Beyond what the machine can do a channel costs less because it gets less, and holds more because it waits.
        if cost is None or held is None or full(curve, count):
            continue
        memory[count] = held * count
        total[count] = cost * count / 100
    start, each = line(total)
    fixed_mib, each_mib = line(memory)
    short = [count for count in curve.amounts if full(curve, count)]
    curve.facts |= {
        "cores": float(cores),
        "station_cores": max(0.0, start),
        "channel_cores": each,
        "station_mib": max(0.0, fixed_mib),
        "channel_mib": each_mib,
        "depots_mib": _at_most(curve.series["depots"]),
        "channel_bytes_s": 1e3 * _at_most(curve.series["disk"]),
        "most_channels": max(total, default=0.0),
        "full_by_cost": (cores - max(0.0, start)) / each if each > 0 else None,
        "full_seen": min(short, default=None),
        "pixels_s": float(WIDTH * HEIGHT * FPS),
    }


def claims(curve: Curve) -> list[Claim]:
    fit = int(curve.facts["most_channels"] or 0)
    least = curve.amounts[0]
    cost = curve.claim("cpu", _HELD, 1.2)
    cost.values = curve.series["cpu"].over(fit, least) if fit > least else ()
    memory = curve.claim("private", "memory of a channel, all processes, depots left out, the same way", 1.1)
    memory.values = curve.series["private"].over(fit, least) if fit > least else ()
    return [cost, memory]


def _at_most(series: Series) -> float:
    """With the most channels that were tried: the station's own part counts least there."""
    return series.median(max(series.rounds)) or 0.0 if series.rounds else 0.0


def _add(curve: Curve, count: int, seconds: float) -> None:
    with running(count, SOURCE, warm_s=2.0 if seconds > 5 else 0.5) as station:
        before = station.spent()
        time.sleep(seconds)
        after = station.spent()
    curve.at(count, figures(before, after, count))


def _curve() -> Curve:
    return Curve(
        "channels",
        f"Channels of one station: test cards of {WIDTH}x{HEIGHT} at {FPS} a second, recorded, with a page that"
        " nobody looks at",
        "channels",
        {
            "cpu": Series("of a core for each, all processes", "%"),
            "cpu_source": Series("its source", "%"),
            "cpu_recorder": Series("its part of the recorder", "%"),
            "cpu_others": Series("its part of the page and the parent", "%"),
            "machine": Series("of all cores, all channels together", "%"),
            "frames": Series("frames of those asked for", "%"),
            "recorded": Series("recorded of those asked for", "%"),
            "lost": Series("lost behind the sources, all channels together", "frames"),
            "private": Series("memory for each, depots left out", "MiB"),
            "private_source": Series("its source's", "MiB"),
            "depots": Series("its depot", "MiB"),
            "disk": Series("recorded for each", "kB/s"),
        },
    )
