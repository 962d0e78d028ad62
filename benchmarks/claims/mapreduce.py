"""Frames dealt out to workers: how fast, how fairly, and what a kill costs. Each job is a program of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks._harness import ROOT, Claim, ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OURS, SEED, RAY = "rushes", "pystreaming", "Ray"
PEERS = {OURS: "mapreduce_ours", SEED: "mapreduce_pystreaming", RAY: "mapreduce_ray"}
PACKAGES = {SEED: "pystreaming", RAY: "ray"}
ACK_WAIT_S = 2.0


@dataclass(frozen=True)
class Scale:
    """How much of everything is run; ``beside``: how many jobs at the same time, for a run that only shows that it
    runs.
    """

    rounds: int
    frames: int
    kill_at: int
    stored: int
    through: int
    hub_frames: int
    beside: int = 1


FULL = Scale(rounds=3, frames=150, kill_at=50, stored=400, through=300, hub_frames=150)
QUICK = Scale(rounds=1, frames=12, kill_at=4, stored=20, through=10, hub_frames=10, beside=3)

Job = tuple[str, str, dict[str, Any]]
Runs = dict[str, list[dict[str, Any]] | str]


def claims(scale: Scale, there: Mapping[str, str]) -> list[Claim]:
    part = [OURS, *(name for name, package in PACKAGES.items() if there[package][:1].isdigit())]
    # More than the three can do together, which is 175 a second: else each frame finds all of them free.
    calm: dict[str, Any] = {"count": 2 * scale.frames, "fps": 500, "kill_at": -1}
    kill = {"count": scale.frames, "fps": 30, "kill_at": scale.kill_at}
    through = {"count": scale.through, "kilobytes": 500, "workers": 2}
    jobs: dict[str, dict[str, Job]] = {
        "calm": {name: (PEERS[name], "shared", calm) for name in part if name != RAY},
        "kill": {name: (PEERS[name], "shared", kill) for name in part if name != RAY},
        "stored": {OURS: (PEERS[OURS], "rate", {**through, "count": scale.stored, "workers": 0})},
        "through": {name: (PEERS[name], "rate", through) for name in part if name != SEED},
        "arrays": {name: (PEERS[name], "arrays", through) for name in part if name != SEED},
        "process": {OURS: ("mapreduce_deaths", "redelivered", {"whole": False})},
        "machine": {OURS: ("mapreduce_deaths", "redelivered", {"whole": True})},
        "hub": {OURS: ("mapreduce_deaths", "hub", {"frames": scale.hub_frames, "fps": 30})},
    }
    if scale.beside > 1:
        del jobs["calm"]  # a second look at the same, too dear for a run whose figures mean nothing
    with ThreadPoolExecutor(scale.beside) as pool:
        waiting = {what: pool.submit(_rounds, what, each, scale.rounds) for what, each in jobs.items()}
        runs = {what: each.result() for what, each in waiting.items()}
    return [
        *_sharing(runs.get("calm", runs["kill"])),
        *_killing(runs["kill"], scale.frames),
        *_rates(runs),
        *_deaths(runs),
    ]


def lost(run: Mapping[str, Any], frames: int) -> float:
    """How many never came."""
    return float(frames - len(set(run["numbers"])))


def doubled(run: Mapping[str, Any]) -> float:
    """How many came again."""
    return float(len(run["numbers"]) - len(set(run["numbers"])))


def disordered(run: Mapping[str, Any]) -> float:
    """How many came after one with a higher number."""
    highest, found = -1, 0
    for number in run["numbers"]:
        found += number < highest
        highest = max(highest, number)
    return float(found)


def _rounds(what: str, jobs: Mapping[str, Job], rounds: int) -> Runs:
    found: dict[str, Any] = {name: [] for name in jobs}
    for turn in range(rounds):
        for name, (peer, job, options) in jobs.items():
            if isinstance(found[name], str):
                continue
            print(f"{what}, round {turn + 1}: {name} …", file=sys.stderr, flush=True)
            try:
                found[name].append(_run(peer, job, options))
            except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
                found[name] = f"failed: {error}"
                print(f"{name} {found[name]}", file=sys.stderr, flush=True)
    return found


def _run(peer: str, job: str, options: Mapping[str, Any]) -> dict[str, Any]:
    line = [sys.executable, "-m", f"benchmarks.peers.{peer}", job, json.dumps(options)]
    done = ended(line)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def ended(line: list[str], most_s: float = 300.0) -> subprocess.CompletedProcess[str]:
    """What a contender said. Whatever it started ends with it; RuntimeError when it does not end within ``most_s``."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        line, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as peer:
        try:
            out, errors = peer.communicate(timeout=most_s)
        except subprocess.TimeoutExpired:
            # Without its words: they have a path of the machine, and the reason is kept.
            raise RuntimeError(f"it had not ended after {most_s:.0f} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(peer.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(line, peer.returncode, out, errors)


def _claim(
    id_: str,
    title: str,
    unit: str,
    runs: Runs,
    read: Callable[[dict[str, Any]], float],
    target: float | None = None,
    *,
    at_least: bool = False,
) -> Claim:
    """Our own figure; beside it what each contender came to."""
    found = {
        name: each if isinstance(each, str) else [read(run) for run in each] for name, each in runs.items()
    }
    ours = found[OURS]
    values: Sequence[float] = [] if isinstance(ours, str) else ours
    parts: dict[str, Sequence[float] | str] = {}
    if unit != "×":  # a ratio is shown by what it is made of, and that of our own workers is made of no times
        parts |= {
            name: each if isinstance(each, str) else _seconds(each, unit) for name, each in found.items()
        }
    return Claim(id_, title, unit, values, target, at_least, parts, failed=isinstance(ours, str))


def _seconds(values: list[float], unit: str) -> list[float]:
    """As the page of figures wants times."""
    return [value / 1e3 for value in values] if unit == "ms" else values


def _sharing(runs: Runs) -> list[Claim]:
    what = "three workers of 10, 20 and 40 ms, more small frames than they can do"
    return [
        _claim("share", f"{what}: frames of the fast one for each of the slow one", "×", runs,
               lambda run: run["by"].count("ten") / max(1, run["by"].count("forty")), 2.5, at_least=True),
        _claim("calm_disordered", f"{what}: came after one with a higher number", "frames", runs, disordered, 0),
    ]  # fmt: skip


def _killing(runs: Runs, frames: int) -> list[Claim]:
    what = "30 small frames a second to three such workers, the fast one killed"
    return [
        _claim("kill_lost", f"{what}: lost", "frames", runs, lambda run: lost(run, frames), 0),
        _claim("kill_untold", f"{what}: lost, and not told by the system itself", "frames", runs,
               lambda run: abs(lost(run, frames) - run["told"]), 0),
        _claim("kill_doubled", f"{what}: came twice", "frames", runs, doubled, 0),
        _claim("kill_disordered", f"{what}: came after one with a higher number", "frames", runs, disordered, 0),
    ]  # fmt: skip


def _rates(runs: Mapping[str, Runs]) -> list[Claim]:
    def fps(run: Mapping[str, Any]) -> float:
        return float(run["fps"])

    def beside_ray(runs: Runs) -> list[float]:
        ours, ray = runs[OURS], runs.get(RAY, "")
        if isinstance(ours, str) or isinstance(ray, str):
            return []
        return ratios([fps(each) for each in ours], [fps(each) for each in ray])

    through, arrays = runs["through"], runs["arrays"]
    return [
        _claim("stored", "JPEGs of 500 KB from one streamer, safe in the hub", "frames/s", runs["stored"], fps,
               400, at_least=True),
        _claim("through", "the same through two workers that decode them", "frames/s", through, fps),
        Claim("through_ray", "the same: Ray's", "×", beside_ray(through), 3, at_least=True,
              failed=isinstance(through[OURS], str)),
        _claim("arrays", "arrays of 500 KB through two workers of one machine, without a hub", "frames/s", arrays, fps),
        Claim("arrays_ray", "the same: Ray's", "×", beside_ray(arrays), 3, at_least=True,
              failed=isinstance(arrays[OURS], str)),
    ]  # fmt: skip


def _deaths(runs: Mapping[str, Runs]) -> list[Claim]:
    hub = runs["hub"]
    return [
        _claim("process_killed", "the process of the function killed: its frame is begun again after", "ms",
               runs["process"], lambda run: 1e3 * run["after_s"], 300),
        _claim("machine_killed", "the worker killed: its frame is begun again after", "ms",
               runs["machine"], lambda run: 1e3 * run["after_s"], 1e3 * (ACK_WAIT_S + 0.3)),
        _claim("hub_up", "a hub is up after", "ms", hub, lambda run: 1e3 * run["up_s"], 100),
        _claim("hub_idle", "memory of an idle hub", "MiB", hub, lambda run: run["idle"] / 2**20, 40),
        _claim("hub_again", "a hub killed: running again after", "ms", hub, lambda run: 1e3 * run["again_s"], 500),
        _claim("hub_lost", "a hub killed: lost, or out of order", "frames", hub,
               lambda run: run["lost"] + (not run["in_order"]), 0),
    ]  # fmt: skip
