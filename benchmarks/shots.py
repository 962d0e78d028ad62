"""Measures what is claimed of shots, beside the old loop in the same run: ``python benchmarks/shots.py``.

``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing. The other side is
``peers/shot_loop.py``: the old loop, re-made from its described behaviour.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks._harness import Claim

sys.path[0] = str(Path(__file__).resolve().parent.parent)

LOOP, REMADE = "the old loop", "re-made from its described behaviour"
OLD = f"{LOOP}, {REMADE}"
OURS = "rushes"
WRITE_S = 0.05


def main() -> int:
    from benchmarks import _harness

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run; the figures mean nothing")
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/shots.json")
    options = parser.parse_args()
    quick = options.quick
    load, started = os.getloadavg()[0], time.monotonic()
    rounds = 1 if quick else 7
    claims = [sooner(rounds), dead_channel(rounds, 50 if quick else 1000)]
    claims += [many(1 if quick else 3, 30 if quick else 300)]
    record = {
        "title": "Shots",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {LOOP: REMADE},
        "claims": [claim.as_record() for claim in claims],
    }
    # A quick run never replaces the figures that are kept.
    out = options.out or (None if quick else _harness.RESULTS.with_name("shots.json"))
    if out is not None:
        _harness.save(record, out)
    for claim in claims:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        print(f"{verdict:7} {claim.measured:>10.3g} {claim.unit:3}  {claim.title}")
        for name, part in claim.as_record()["parts"].items():
            print(f"        {part['median'] * 1e3:>10.3g} ms   {name}")
    return 1 if any(claim.holds is False for claim in claims) and not quick else 0


class SlowHost:
    """Writes a whole picture ``late_s`` after it was asked, and returns at once."""

    def __init__(self, late_s: float) -> None:
        self._late_s = late_s
        self._data = picture()

    def screenshot_v2(self, channel: str, file_name: str, folder: str, when: str) -> None:
        threading.Timer(self._late_s, Path(folder, file_name).write_bytes, (self._data,)).start()

    screenshot_v2_figures = screenshot_v2


def picture() -> bytes:
    import numpy as np

    from rushes import Frame

    pixels = np.random.default_rng(0).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    return Frame(pixels, 0).to("jpeg").array.tobytes()


def sooner(rounds: int) -> Claim:
    """One shot of a host that needs 50 ms, from the call until it is told."""
    from benchmarks._harness import Claim, ratios, take_turns
    from benchmarks.peers.shot_loop import ShotLoop
    from rushes import ShotSaver

    host = SlowHost(WRITE_S)
    with tempfile.TemporaryDirectory() as folder, ShotSaver(channels=host) as saver:
        old = ShotLoop(host)
        names = iter(range(1_000_000))

        def ours_once() -> float:
            saver.screenshots_folder = folder
            ended, began = threading.Event(), time.perf_counter()

            def told(guid: str, state: str) -> None:
                if state == "success":
                    ended.set()

            saver.save("a_b", callback=told)
            return _until(ended, began)

        def old_once() -> float:
            ended, began = threading.Event(), time.perf_counter()
            old.save("a_b", folder, f"old {next(names)}.jpg", lambda _: ended.set())
            return _until(ended, began)

        took = take_turns({OLD: old_once, OURS: ours_once}, rounds)
        old.close()
    title = "times as soon as the old loop is a shot of 50 ms saved"
    return Claim("sooner", title, "×", ratios(took[OLD], took[OURS]), 15.0, at_least=True, parts=dict(took))


def dead_channel(rounds: int, dead: int) -> Claim:
    """A good shot alone, and behind many of a channel that hangs: what it is later by."""
    from benchmarks._harness import Claim, take_turns
    from rushes import ShotSaver

    data, let_go = picture(), threading.Event()

    def hang(moment: Any) -> bytes:
        let_go.wait()
        return data

    with tempfile.TemporaryDirectory() as folder:
        savers = [ShotSaver(channels={"dead": hang, "good": lambda moment: data}) for _ in range(2)]
        for saver in savers:
            saver.screenshots_folder = folder
            saver.timeout_sec = 600
        alone, crowded = savers
        for number in range(dead):
            crowded.save("dead", dt=float(number), file_name=f"{number}.jpg")

        def once(saver: ShotSaver) -> float:
            began = time.perf_counter()
            saver.handle(saver.save("good")[0]).result()
            return time.perf_counter() - began

        contenders = {"alone": lambda: once(alone), "behind the dead": lambda: once(crowded)}
        took = take_turns(contenders, rounds * 5)
        let_go.set()
        for saver in savers:
            saver.stop()
    late_ms = [(b - a) * 1e3 for a, b in zip(took["alone"], took["behind the dead"], strict=True)]
    title = f"later is a good channel's shot for {dead:,} of a dead one in the queue"
    return Claim("dead_channel", title, "ms", late_ms, 5.0, parts=dict(took))


def many(rounds: int, shots: int) -> Claim:
    """Shots of a host that writes at once, all asked for in one go."""
    from benchmarks._harness import Claim, ratios, take_turns
    from benchmarks.peers.shot_loop import ShotLoop
    from rushes import ShotSaver

    data = picture()

    class Instant:
        def screenshot_v2(self, channel: str, file_name: str, folder: str, when: str) -> None:
            Path(folder, file_name).write_bytes(data)

    def ours() -> float:
        channels = {f"c{number}": lambda moment: data for number in range(10)}
        with tempfile.TemporaryDirectory() as folder, ShotSaver(channels=channels) as saver:
            saver.screenshots_folder = folder
            began = time.perf_counter()
            for number in range(shots):
                saver.save(f"c{number % 10}", dt=float(number), file_name=f"{number}.jpg")
            saver.wait()
            return (time.perf_counter() - began) / shots

    def old() -> float:
        with tempfile.TemporaryDirectory() as folder:
            loop, left = ShotLoop(Instant()), threading.Semaphore(0)
            began = time.perf_counter()
            for number in range(shots):
                loop.save("a_b", folder, f"{number}.jpg", lambda _: left.release())
            for _ in range(shots):
                left.acquire()
            took = time.perf_counter() - began
            loop.close()
        return took / shots

    took = take_turns({OLD: old, OURS: ours}, rounds)
    title = "times as many shots a second as the old loop, sources that answer at once"
    return Claim("many", title, "×", ratios(took[OLD], took[OURS]), parts=dict(took))


def _until(ended: threading.Event, began: float) -> float:
    if not ended.wait(60):
        raise TimeoutError("a shot of 50 ms had not ended after a minute")
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
