from __future__ import annotations

import pytest

from rushes.errors import UnknownName
from rushes.server.history import POINTS, Series
from rushes.server.routes_pipeline import history_of
from rushes.station.board import EdgeState


def edge(name="a", offered=0, delivered=0, dropped=None, waiting=0, allowed=()):
    return EdgeState(
        name=name,
        source="s",
        target="t",
        offered=offered,
        delivered=delivered,
        dropped=dropped or {},
        waiting=waiting,
        allowed=allowed,
    )


def test_counters_become_what_happened_each_second():
    series = Series()
    for second, (offered, delivered, late) in enumerate([(0, 0, 0), (30, 29, 1), (60, 58, 1)]):
        series.note(
            [edge(offered=offered, delivered=delivered, dropped={"late": late}, waiting=second)],
            100.0 + second,
        )
    told = history_of("a", series.of("a"))
    assert told.t == [101.0, 102.0]
    assert told.in_ == [30.0, 30.0]
    assert told.out == [29.0, 29.0]
    assert told.dropped == [1.0, 0.0]
    assert told.waiting == [1, 2]
    assert series.rates("a") == (30.0, 29.0)


def test_a_counter_that_began_anew_is_no_negative_rate():
    series = Series()
    for second, offered in enumerate([100, 130, 5, 35]):
        series.note([edge(offered=offered)], float(second))
    assert history_of("a", series.of("a")).in_ == [30.0, 0.0, 30.0]


def test_it_keeps_ten_minutes_and_no_more():
    series = Series()
    for second in range(3 * POINTS):
        series.note([edge(offered=second)], float(second))
    told = history_of("a", series.of("a"))
    assert len(told.t) == POINTS
    assert told.t[-1] == 3 * POINTS - 1


def test_edges_that_went_are_forgotten_and_their_number_is_bounded():
    series = Series()
    series.note([edge("gone")], 0.0)
    series.note([edge("here")], POINTS + 1.0)
    with pytest.raises(UnknownName, match="here"):
        series.of("gone")
    series.note([edge(f"e{n}") for n in range(2000)], POINTS + 2.0)
    assert len(series._points) <= 512


def test_only_what_no_policy_allows_is_lost_and_only_lately():
    series = Series()
    series.note([edge(dropped={"late": 5, "bad": 3}, allowed=("late",))], 0.0)
    assert series.lost() == 0  # it was so before we looked
    series.note([edge(dropped={"late": 9, "bad": 4}, allowed=("late",))], 1.0)
    assert series.lost() == 1
    series.note([edge(dropped={"bad": 0}, allowed=("late",))], 2.0)
    assert series.lost() == 1


def test_no_points_no_rates():
    assert Series().rates("a") == (0.0, 0.0)


def test_the_pipeline_has_rates_and_history_over_http(client, station, state):
    now = state.clock.wall_ns() / 1e9
    for second in range(3):
        state.history.note([edge("cam > reader", 30 * second, 30 * second)], now + second)
    told = client.get("/api/pipeline").json()
    (stage,) = told["stages"]
    assert stage["kind"] == "source"
    (shown,) = told["edges"]
    assert shown["adds_up"] is True
    assert shown["fps_in"] > 0
    assert client.get("/api/pipeline/history", params={"edge": "cam > reader"}).json()["in"][-1] == 30.0
    assert client.get("/api/pipeline/history?edge=nope").status_code == 404
    assert client.get("/api/pipeline/history").status_code == 400
