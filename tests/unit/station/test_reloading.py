"""What a change of plan finds before anything is ended: which streams go on, and what new ones are called."""

from __future__ import annotations

import os

import pytest

from rushes.station import ChannelPlan, Plan, Runner, StreamPlan
from rushes.station.outlet import Outlet
from rushes.station.reloading import _Change

A, B, C = "tcp://127.0.0.1:7701", "tcp://127.0.0.1:7702", "tcp://127.0.0.1:7703"


@pytest.fixture
def claimed(monkeypatch):
    """Addresses that were tried out."""
    found = []
    monkeypatch.setattr(Outlet, "claim", lambda self: found.append(self.plan.endpoint))
    return found


def plan(*streams):
    channels = tuple(ChannelPlan(name) for name in ("a", "b", "c"))
    return Plan(f"test-reload-{os.getpid()}", channels, streams=streams)


def change(old, new):
    runner = Runner(old)
    with runner:
        return runner.outlets, _Change(runner, new)._outlets()


def test_a_stream_goes_on_when_the_one_before_it_is_taken_away(claimed):
    keeps = StreamPlan(B, channels=("b",))
    old, new = change(plan(StreamPlan(A, channels=("a",)), keeps), plan(keeps))
    assert new == old[1:]
    assert claimed == []


def test_a_new_stream_has_an_address_and_a_name_of_its_own(claimed):
    one, two, three = (StreamPlan(each, channels=(name,)) for each, name in ((A, "a"), (B, "b"), (C, "c")))
    old, new = change(plan(one, two), plan(three, two))
    assert new[1] is old[1]
    assert [each.stage.name for each in new] == ["streamer 3", "streamer 2"]
    assert claimed == [C]


def test_other_keys_begin_a_stream_anew_at_the_address_it_has(claimed):
    old, new = change(plan(StreamPlan(A)), plan(StreamPlan(A, keys="k")))
    assert new[0] is not old[0]
    assert (new[0].stage.name, new[0].address) == ("streamer", old[0].address)
    assert claimed == []


def test_a_channel_whose_stream_only_moved_up_is_not_begun_anew(claimed):
    keeps = StreamPlan(B, channels=("b",))
    with Runner(plan(StreamPlan(A, channels=("a",)), keeps)) as runner:
        assert _Change(runner, plan(keeps))._changed == ["a"]
