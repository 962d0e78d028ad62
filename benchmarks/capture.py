"""Measures what is claimed of capturing and recording a screen: ``python benchmarks/capture.py``.

A virtual X screen of 1920x1080 shows a window that moves; each contender records it in turn, as a program of its
own, and what all its processes took is read from the system when they have ended. Each records for a short and
for a long time: the difference is what frames cost, without what programs take to start. ``--quick`` runs a little
of everything, to see that it runs at all: its figures mean nothing. ``--long`` adds a minute of 60 frames a second,
``--soak`` says for how many seconds the memory of a recording is watched.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks._harness import Claim
    from benchmarks.claims.capture_runs import Run

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)
# The short run is that many times shorter than the long one.
_SHORTER = 6


def claims(
    environment: Mapping[str, str], *, rounds: int, seconds: float, grabs: int, long: bool, soak_s: float
) -> list[Claim]:
    found = _grab_claims(environment, rounds, grabs)
    for fps in (25, 60):
        found += _record_claims(environment, rounds, seconds, fps)
    found.append(_rate_claim(environment, 60.0 if long else seconds))
    found.append(_soak_claim(environment, soak_s))
    if long:
        found += _minute(environment)
    return found


def _grab_claims(environment: Mapping[str, str], rounds: int, grabs: int) -> list[Claim]:
    from benchmarks._harness import Claim, ratios, take_turns
    from benchmarks.claims.capture_runs import GRABS, OURS, grab_cost

    times = take_turns({name: partial(grab_cost, name, environment, grabs) for name in GRABS}, rounds)
    title = "one grab of 1920x1080"
    found = [
        Claim(
            "grab_qt",
            f"{title}: Qt's grabWindow takes so many times as long",
            "×",
            ratios(times["Qt grabWindow"], times[OURS]),
            10.0,
            at_least=True,
            parts=dict(times),
        )
    ]
    found += [
        Claim(
            f"grab_{name}",
            f"{title}: {name} takes so many times as long",
            "×",
            ratios(times[name], times[OURS]),
        )
        for name in ("mss", "x11grab")
    ]
    return found


def _record_claims(environment: Mapping[str, str], rounds: int, seconds: float, fps: int) -> list[Claim]:
    from benchmarks._harness import Claim, ratios
    from benchmarks.claims.capture_runs import OURS, SEED, contenders, record

    names = contenders()
    runs: dict[str, list[Run]] = {name: [] for name in names}
    short: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            short[name].append(record(name, environment, seconds / _SHORTER, fps))
            runs[name].append(record(name, environment, seconds, fps))
    found = _cpu_claims(runs, short, fps)
    size: dict[str, Any] = {name: [each.bytes_per_frame for each in all_] for name, all_ in runs.items()}
    found.append(
        Claim(
            f"bytes_{fps}",
            "bytes per frame: the seed's JPEGs",
            "×",
            ratios(size[OURS], size[SEED]),
            1 / 8,
            parts=size,
        )
    )
    share: dict[str, Any] = {name: [100 * each.share for each in all_] for name, all_ in runs.items()}
    lost = [each.lost for each in runs[OURS]]
    found.append(Claim(f"lost_{fps}", f"1080p at {fps} a second: frames lost", "frames", lost, 0))
    found.append(
        Claim(
            f"share_{fps}", f"1080p at {fps} a second: recorded of those due", "%", share[OURS], parts=share
        )
    )
    return found


def _cpu_claims(
    runs: Mapping[str, Sequence[Run]], short: Mapping[str, Sequence[Run]], fps: int
) -> list[Claim]:
    """Judged is what one frame more costs; what a whole run costs, starting included, is told as well."""
    from benchmarks._harness import Claim, ratios
    from benchmarks.claims.capture_runs import FFMPEG, MSS, OURS, SEED

    more: dict[str, Any] = {
        name: [run.each_more_s(less) for run, less in zip(found, short[name], strict=True)]
        for name, found in runs.items()
    }
    whole: dict[str, Any] = {name: [each.cpu_per_frame_s for each in found] for name, found in runs.items()}
    title = f"1080p at {fps} a second: processor time per recorded frame"
    found = []
    for name, word, target in ((SEED, "seed", 1 / 3), (MSS, "mss", 0.5), (FFMPEG, "ffmpeg", 1.0)):
        if name in runs:
            found += [
                Claim(
                    f"cpu_{fps}_{word}",
                    f"{title}: {name}",
                    "×",
                    ratios(more[OURS], more[name]),
                    target,
                    parts=dict(more),
                ),
                Claim(
                    f"cpu_whole_{fps}_{word}",
                    f"{title}, start and end of the programs included: {name}",
                    "×",
                    ratios(whole[OURS], whole[name]),
                    parts=dict(whole),
                ),
            ]
    return found


def _soak_claim(environment: Mapping[str, str], seconds: float) -> Claim:
    from benchmarks._harness import Claim
    from benchmarks.claims.capture_soak import soak

    found = soak(environment, seconds)
    parts: dict[str, Any] = {
        "at first, MiB": [found.warm / 2**20],
        "MiB": [each / 2**20 for each in found.later],
    }
    return Claim(
        "rss_flat",
        f"memory of a recording of 720p, from 10 s to its end after {seconds:g} s: strays from the first",
        "%",
        [100 * found.strays],
        5.0,
        parts=parts,
    )


def _rate_claim(environment: Mapping[str, str], seconds: float) -> Claim:
    from benchmarks._harness import Claim
    from benchmarks.claims.capture_runs import rate_beside_busy

    errors = [100 * abs(rate_beside_busy(environment, seconds, fps) / fps - 1) for fps in (25, 60)]
    title = f"rate error over {seconds:g} s, a busy Python thread in the same program"
    return Claim("rate_busy", title, "%", [max(errors)], 0.1)


def _minute(environment: Mapping[str, str]) -> list[Claim]:
    from benchmarks._harness import Claim
    from benchmarks.claims.capture_runs import OURS, SEED, record

    ours, seed = (record(name, environment, 60, 60) for name in (OURS, SEED))
    return [
        Claim("minute_ours", "a minute of 1080p at 60 a second: frames lost", "frames", [ours.lost], 0),
        Claim(
            "minute_seed",
            "the same minute: what the seed's way loses",
            "%",
            [100 - 100 * seed.share],
            50.0,
            at_least=True,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    from benchmarks import _harness
    from benchmarks.claims.capture_runs import contenders, screen

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--long", action="store_true", help="also a minute of 60 frames a second")
    parser.add_argument(
        "--soak", type=float, metavar="SECONDS", help="how long memory is watched, instead of 60"
    )
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/capture.json")
    options = parser.parse_args(arguments)
    quick = options.quick
    load, started = os.getloadavg()[0], time.monotonic()
    with screen() as environment:
        found = claims(
            environment,
            rounds=1 if quick else 2,
            seconds=1.0 if quick else 12.0,
            grabs=5 if quick else 100,
            long=options.long,
            soak_s=options.soak or (4.0 if quick else 60.0),
        )
    outcome = {
        "title": "Capture and recording",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": dict.fromkeys(contenders(), "taken part"),
        "claims": [claim.as_record() for claim in found],
    }
    out = options.out or (None if quick else _harness.RESULTS.with_name("capture.json"))
    if out is not None:
        _harness.save(outcome, out)
    for claim in found:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}", flush=True)
    return 1 if any(claim.holds is False for claim in found) and not quick else 0


if __name__ == "__main__":
    sys.exit(main())
