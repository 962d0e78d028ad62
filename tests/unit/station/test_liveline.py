from __future__ import annotations

import json

from rushes.metrics import EdgeStats, LatencySummary
from rushes.station import Plan, RunReport, Status
from rushes.station.liveline import closing_lines, opening_lines, status_line

STATUS = Status(
    fps=29.97,
    age_p50_s=0.00123,
    age_p95_s=0.0023,
    held=3,
    slots=16,
    dropped=0,
    ram_bytes=171 << 20,
    readers=2,
    restarts=0,
    running_s=5.0,
    news=(),
)


def report(**changes):
    values = {
        "station": "s",
        "depot": "s-card",
        "depot_bytes": 22118400,
        "slots": 16,
        "reason": "stopped",
        "duration_s": 10.04,
        "fps": 29.9,
        "ages": LatencySummary(300, 0.001, 0.002, 0.003, 0.004),
        "edges": (EdgeStats("a -> b", 10, 9, {"late": 1}),),
        "restarts": {"testcard": 0, "reader 1": 2},
        "strips_read": 60,
        "peak_ram_bytes": 171 << 20,
        "problems": (),
    }
    return RunReport(**{**values, **changes})


def test_the_line_has_its_figures_in_their_places():
    assert status_line(STATUS) == (
        "fps 30.0  age p50 1.2 ms p95 2.3 ms  depot 3/16  dropped 0  RAM 171 MiB  readers 2"
    )


def test_the_opening_tells_what_runs_and_within_which_bounds():
    first, second = opening_lines(Plan(station="s"), "0.1.0", "native core: yes", 12 << 30)
    assert first == "rushes 0.1.0  native core: yes  shm: 12 GiB free  budget: 21.09 MiB shared memory"
    assert "1280x720@30 i420" in second
    assert "depot s-card [16 slots" in second
    assert second.endswith("reader 1, reader 2")


def test_the_account_says_whether_it_adds_up():
    assert report().ok
    assert "every frame is accounted for" in closing_lines(report())
    assert "restarts: reader 1 2" in closing_lines(report())
    wrong = report(edges=(EdgeStats("a -> b", 10, 9, waiting=0),))
    assert not wrong.ok
    assert any("DOES NOT ADD UP" in line for line in closing_lines(wrong))
    assert not report(problems=("x",)).ok


def test_the_account_is_plain_data():
    document = json.loads(json.dumps(report().plain()))
    assert document["age_ms"] == {"count": 300, "p50": 1.0, "p95": 2.0, "p99": 3.0, "max": 4.0}
    assert document["edges"] == [
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
