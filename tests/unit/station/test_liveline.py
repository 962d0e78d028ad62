from __future__ import annotations

import json
from dataclasses import replace

from rushes.metrics import EdgeStats, LatencySummary
from rushes.station import RunReport
from rushes.station.liveline import closing_lines, opening_line, status_lines
from rushes.station.report import ChannelReport, ChannelStatus, Status

CHANNEL = ChannelStatus("card", "live", 29.97, LatencySummary(10, 0.00123, 0.0023), 3, 16, 0)
STATUS = Status((CHANNEL,), ram_bytes=171 << 20, workers=2, restarts=0, running_s=5.0, news=())
EDGE = EdgeStats("a -> b", 10, 9, {"late": 1})


def report(edge=EDGE, **changes):
    channel = ChannelReport(
        name="card",
        source="testcard:",
        state="live",
        width=1280,
        height=720,
        backend="",
        depot="s-card",
        slots=16,
        depot_bytes=22118400,
        fps=29.9,
        ages=LatencySummary(300, 0.001, 0.002, 0.003, 0.004),
        edges=(edge,),
    )
    values = {
        "station": "s",
        "reason": "stopped",
        "duration_s": 10.04,
        "channels": (channel,),
        "restarts": {"card source": 0, "recorder": 2},
        "peak_ram_bytes": 171 << 20,
        "problems": (),
    }
    return RunReport(**{**values, **changes})


def test_the_line_has_its_figures_in_their_places():
    assert status_lines(STATUS) == [
        "card  live     fps 30.0  age p50 1.2 ms p95 2.3 ms  depot 3/16  dropped 0  RAM 171 MiB  workers 2"
    ]


def test_jobs_are_told_when_there_are_any():
    assert status_lines(replace(STATUS, jobs_running=1))[0].endswith("  workers 2  jobs 1 running")
    both = replace(STATUS, jobs_running=2, jobs_waiting=3, restarts=1)
    assert status_lines(both)[0].endswith("  jobs 2 running, 3 waiting  restarts 1")


def test_several_channels_have_a_line_each_and_one_for_what_they_share():
    two = replace(STATUS, channels=(CHANNEL, replace(CHANNEL, name="door-left", state="lost")), restarts=1)
    first, second, shared = status_lines(two)
    assert first.startswith("card       live     fps 30.0")
    assert second.startswith("door-left  lost     fps 30.0")
    assert shared == "RAM 171 MiB  workers 2  restarts 1"


def test_the_opening_tells_what_runs_and_how_much_room_there_is():
    assert opening_line("0.1.0", "native core: yes", 12 << 30) == (
        "rushes 0.1.0  native core: yes  shm: 12 GiB free"
    )


def test_the_account_says_whether_it_adds_up():
    assert report().ok
    assert "every frame is accounted for" in closing_lines(report())
    assert "restarts: recorder 2" in closing_lines(report())
    wrong = report(EdgeStats("a -> b", 10, 9, waiting=0))
    assert not wrong.ok
    assert any("DOES NOT ADD UP" in line for line in closing_lines(wrong))
    assert not report(problems=("x",)).ok


def test_the_account_is_plain_data():
    document = json.loads(json.dumps(report().plain()))
    (channel,) = document["channels"]
    assert channel["age_ms"] == {"count": 300, "p50": 1.0, "p95": 2.0, "p99": 3.0, "max": 4.0}
    assert channel["edges"] == [
        {
            "edge": "a -> b",
            "offered": 10,
            "delivered": 9,
            "dropped": {"late": 1},
            "waiting": 0,
            "adds_up": True,
        }
    ]
    assert document["ok"] is True
