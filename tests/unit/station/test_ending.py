"""Who is named for ending late, and who is not."""

from __future__ import annotations

import os

import pytest

from rushes.station import Plan, Runner
from rushes.station.plan import ChannelPlan, StreamPlan, WebPlan


@pytest.fixture
def runner(tmp_path):
    """A channel that is streamed, and a page; none of it begun."""
    plan = Plan(
        station=f"test-ending-{os.getpid()}",
        channels=(ChannelPlan("a"), ChannelPlan("b")),
        data=str(tmp_path),
        streams=(StreamPlan("ipc://a"),),
        web=WebPlan("127.0.0.1:0"),
    )
    with Runner(plan) as made:
        yield made


@pytest.fixture
def seen_out(runner, monkeypatch):
    """Whom the runner waits for, one after the other; those named in ``late`` do not end in time."""
    waited: list[str] = []
    late: set[str] = set()

    def see_out(stages, timeout_s):
        stages = list(stages)
        waited.extend(each.name for each in stages)
        return [each for each in stages if each.name in late]

    monkeypatch.setattr(runner.supervisor, "see_out", see_out)
    return waited, late


def test_a_page_that_had_to_be_killed_is_no_failure(runner, seen_out):
    waited, late = seen_out
    late.add(runner.page.stage.name)
    report = runner.finish("stopped")
    assert runner.page.stage.name in waited
    assert report.problems == ()
    assert report.ok


def test_whoever_else_had_to_be_killed_is_named(runner, seen_out):
    waited, late = seen_out
    names = [runner.channels["a"].source.name, runner.outlets[0].stage.name]
    late |= {*names, runner.page.stage.name}
    report = runner.finish("stopped")
    assert report.problems == tuple(f"{name} did not end when told to" for name in names)
    assert not report.ok
    assert waited[-1] == runner.page.stage.name, "it is open until all others have ended"
