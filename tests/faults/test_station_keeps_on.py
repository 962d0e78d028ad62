"""A station one of whose processes cannot be kept alive: the rest goes on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.lifecycle import StopToken
from rushes.station.plan import ChannelPlan, Plan, WorkPlan
from rushes.station.processes import Backoff
from rushes.station.runner import Runner
from rushes.station.stage import Stage
from tests.support.waiting import eventually

CARD = "testcard:320x180@30"


@contextlib.contextmanager
def station(tmp_path: Path) -> Iterator[Runner]:
    plan = Plan(
        station=f"test-keeps-on-{os.getpid()}",
        data=str(tmp_path),
        channels=(ChannelPlan("front", CARD), ChannelPlan("side", CARD)),
        works=(WorkPlan("edges", "front", "rushes.station.edges:boxes", "edges"),),
    )
    with Runner(plan) as runner:
        runner.start(StopToken())
        yield runner


def kills(runner: Runner, stage: Stage) -> bool:
    """Kills whatever process does it now."""
    runner.step(0.02, StopToken())
    if stage.pid is not None:
        os.kill(stage.pid, signal.SIGKILL)
    return stage.failing or bool(stage.failure)


def stored(runner: Runner) -> int:
    depot = runner.channels["side"].depot
    assert depot is not None
    return depot.stats().stored


@pytest.mark.parametrize("name", ["front edges worker 1", "front source"])
def test_what_keeps_dying_is_tried_again_and_ends_nothing_but_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for word, value in (("WINDOW_S", 1.0), ("FIRST_S", 0.01), ("AGAIN_S", 1.0)):
        monkeypatch.setattr(Backoff, word, value)
    with station(tmp_path) as runner:
        stage = next(each for each in runner.stages if each.name == name)
        eventually(lambda: (runner.step(0.1, StopToken()), runner.running_s > 1.5)[1], "a life that counts")
        eventually(lambda: kills(runner, stage), "too many deaths")
        assert stage.failing
        assert runner.failure == ""
        before = stored(runner)
        eventually(
            lambda: (runner.step(0.1, StopToken()), stored(runner) > before + 5)[1], "the other channel"
        )
        eventually(lambda: (runner.step(0.1, StopToken()), stage.pid is not None)[1], "another try")
        report = runner.finish("stopped")
    assert report.reason == "stopped"
    assert report.restarts[name] > Backoff.MOST
