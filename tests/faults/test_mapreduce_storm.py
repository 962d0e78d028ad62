"""A storm of SIGKILLs over workers, their functions' processes, the hub and the receiver."""

from __future__ import annotations

import math
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rushes.stream.streamer import Streamer
from tests.support.mapreduce import HERE, settle
from tests.support.mapreduce_nodes import Node, all_gone, children, family, nodes

TRACKS = ("a", "b")
UNDER_WAY, NOTED_S = 8, 2.0  # notes of a receiver; within so long a hub is up again and has them


class Storm:
    """Kills at random, and starts again what does not come back by itself. ``hub_s`` apart are the hub's deaths."""

    def __init__(
        self, seed: int, before: set[int], workers: list[Node], receiver: Node, hub_s: float
    ) -> None:
        self._lot, self._before, self._hub_s = random.Random(seed), before, hub_s
        self._workers, self._receiver = workers, receiver
        self._hub_due = time.monotonic() + 0.5
        self._bag: list[str] = []
        self.kills: Counter[str] = Counter()
        self._hub_killed = -math.inf
        self.together = 0  # receivers that were killed while the hub may not have had their notes
        self.seen: set[int] = set()

    def look(self) -> None:
        """Remembers every process there is that the storm's parts started."""
        self.seen.update(set(family(os.getpid())) - self._before)

    def strike(self) -> None:
        """Kills one; returns when it has been started again, if that is for others to do."""
        if time.monotonic() >= self._hub_due:
            kind, self._hub_due = "hub", time.monotonic() + self._hub_s
        else:
            self._bag = self._bag or self._lot.sample(["worker", "child", "receiver"], 3)
            kind = self._bag.pop()
        self.look()
        if kind == "worker":
            self._replace(self._lot.choice(self._workers))
        elif kind == "receiver":
            self.together += time.monotonic() - self._hub_killed < NOTED_S
            self._replace(self._receiver)
        else:
            among = self._servers() if kind == "hub" else family(self._lot.choice(self._workers).pid)
            if not among:
                return
            try:
                os.kill(self._lot.choice(among), signal.SIGKILL)
            except ProcessLookupError:
                return
            if kind == "hub":
                self._hub_killed = time.monotonic()
        self.kills[kind] += 1

    def _servers(self) -> list[int]:
        return [
            pid
            for pid in children(os.getpid())
            if pid not in self._before and b"nats-server" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def _replace(self, node: Node) -> None:
        node.kill()
        node.again()


def storm(
    folder: Path,
    frames: int,
    kills: int,
    *,
    seed: int,
    every_s: float,
    hub_s: float = math.inf,
    here: str = HERE,
) -> None:
    file = folder / "handed"
    picture = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)
    before = set(family(os.getpid()))  # of other tests: a resource tracker, a display, a browser
    with nodes() as running, Streamer(here, TRACKS, mapreduce=True) as streamer:
        address = streamer.address
        receiver = Node("receive", address, str(file))
        running.append(receiver)
        receiver.told()
        for track in ("a", "a", "b"):
            running.append(Node("worker", address, "", track, "takes_a_while", TAKES_S="0.002"))
        for node in running[1:]:
            node.told()
        wild = Storm(seed, before, running[1:], receiver, hub_s)
        over = threading.Event()

        def rage() -> None:
            while sum(wild.kills.values()) < kills and not over.wait(every_s):
                wild.strike()

        thread = threading.Thread(target=rage)
        thread.start()
        began = time.monotonic()
        try:
            pause_s = every_s * kills / frames
            for number in range(frames):
                assert streamer.send(picture).number == number
                left_s = began + number * pause_s - time.monotonic()
                if left_s > 0:
                    time.sleep(left_s)
        finally:
            thread.join(every_s * kills * 4 + 60)
            over.set()
            thread.join()
        done = settle(lambda: len(set(told(file))) >= frames * len(TRACKS), 60)
        took_s = time.monotonic() - began
        lines = told(file)
        wild.look()
        codes = [node.stop() for node in running]
    print(f"\n{frames} frames, {dict(wild.kills)} kills, {wild.together} with the hub, {took_s:.1f} s")
    report(lines, frames, wild.kills["receiver"] + UNDER_WAY * len(TRACKS) * wild.together)
    assert done
    assert sum(wild.kills.values()) >= kills
    assert codes == [0] * 4
    assert all_gone(sorted(wild.seen))


def told(file: Path) -> list[tuple[str, str]]:
    return [(line.split()[0], line.split(" ", 1)[1].split()[0]) for line in file.read_text().splitlines()]


def report(lines: list[tuple[str, str]], frames: int, most_twice: int) -> None:
    """Every frame of each track, in order, none told as lost; twice at most what was in hand at a receiver's kill, and
    what was under way to a hub that was killed right before.
    """
    twice = 0
    for track in TRACKS:
        came = [number for each, number in lines if each == track]
        assert "gap" not in came, [line for line in lines if line[1] == "gap"]
        once = list(dict.fromkeys(int(number) for number in came))
        missing = sorted(set(range(frames)) - set(once))
        print(
            f"track {track}: {len(came)} handed over, {len(came) - len(once)} twice, missing {missing[:10]}"
        )
        assert not missing
        assert once == list(range(frames))
        twice += len(came) - len(once)
    assert twice <= most_twice


def test_every_frame_comes_once_and_in_order_whatever_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    storm(tmp_path, 200, 6, seed=1, every_s=0.8, hub_s=3.0)


def test_every_frame_comes_once_and_in_order_on_one_machine_whoever_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    storm(tmp_path, 400, 10, seed=3, every_s=0.25, here="shm://storm")


@pytest.mark.long
@pytest.mark.parametrize("seed", [4, 5])
def test_every_frame_comes_once_and_in_order_on_one_machine_in_a_long_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    storm(tmp_path, 10_000, 100, seed=seed, every_s=0.4, here="shm://storm")


@pytest.mark.long
@pytest.mark.parametrize("seed", [2])
def test_every_frame_comes_once_and_in_order_in_a_long_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    storm(tmp_path, 5000, 50, seed=seed, every_s=1.2, hub_s=4.0)
