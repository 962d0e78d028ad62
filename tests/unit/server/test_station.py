from __future__ import annotations

import time

import msgspec
import pytest

from rushes.metrics import Edge
from rushes.station.board import ChannelState, EdgeState, StageState


def test_the_station_is_told_at_a_glance(client, station):
    told = client.get("/api/station").json()
    assert told["name"] == station.name
    assert told["health"] == {
        "state": "live",
        "text": "1 channel live · 0 lost in 10 min · depots 171 of 512 MiB",
    }
    assert told["memory"] == {"used": 171 << 20, "budget": 512 << 20}
    assert abs(told["now"] - time.time()) < 60
    assert told["stations"] == [{"name": station.name, "url": "", "state": "live", "channels": ["cam"]}]
    assert told["needs_login"] is False
    assert told["archive"] is False


def test_health_is_that_of_the_worst_channel(client, station, state):
    cam = station.board.channels[0]
    late = msgspec.structs.replace(cam, name="b", state="late")
    station.show(channels=(cam, late))
    assert client.get("/api/station").json()["health"]["state"] == "late"
    lost = msgspec.structs.replace(cam, name="c", state="lost")
    station.show(channels=(cam, late, lost))
    health = client.get("/api/station").json()["health"]
    assert health["state"] == "lost"
    assert health["text"].startswith("1 channel live · 1 late · 1 lost")


def test_a_live_channel_of_which_something_is_wrong_is_told_in_amber(client, station):
    cam = station.board.channels[0]
    wrong = "not recorded: " + "the camera takes no second connection " * 5
    both = [msgspec.structs.replace(cam, name=name, why=wrong) for name in ("front", "yard")]
    station.show(channels=(cam, *both))
    health = client.get("/api/station").json()["health"]
    assert health["state"] == "late"
    assert "· front not recorded: the camera takes no" in health["text"]
    assert " … and 1 more · " in health["text"]


def test_a_process_that_keeps_dying_is_told_in_red_with_its_cause(client, station):
    dying = StageState(
        name="front edges", kind="work", state="failing", restarts=9, cause="killed by SIGSEGV"
    )
    back = StageState(
        name="side edges", kind="work", state="restarting", restarts=1, cause="killed by SIGSEGV"
    )
    station.show(stages=(dying, back))
    health = client.get("/api/station").json()["health"]
    assert health["state"] == "lost"
    assert " · front edges keeps dying: killed by SIGSEGV · " in health["text"]
    station.show(stages=(back,))
    assert client.get("/api/station").json()["health"]["state"] == "live"


def test_late_ticks_are_told_in_amber_and_losses_in_red(client, station, state):
    def shown(front, recorder):
        dropped = {"late": front} if front else {}
        source = _edge("front source -> front", channel="front", dropped=dropped, allowed=("late",))
        edges = (source, _edge("front recorder -> archive", channel="front", dropped=recorder))
        station.show(edges=edges)
        state.history.note(edges, time.time())
        return client.get("/api/station").json()["health"]

    assert shown(3, {})["state"] == "live", "what was there before is no news"
    health = shown(15, {})
    assert health["state"] == "late"
    assert " · 0 lost in 10 min · front: 12 ticks late in 10 min, the machine is busy · " in health["text"]
    health = shown(16, {"late": 2})
    assert health["state"] == "lost"
    assert " · 2 lost in 10 min · front: 13 ticks late" in health["text"]


def test_the_memory_of_depots_and_that_of_processes_are_two_figures(client):
    page = client.get("/metrics").text
    assert "# HELP rushes_depots_memory_bytes Memory that the depots of all channels take\n" in page
    samples = _samples(page)
    assert samples["rushes_depots_memory_bytes"] == 171 << 20
    assert samples["rushes_depots_memory_budget_bytes"] == 512 << 20
    assert samples["rushes_processes_memory_bytes"] == 360 << 20
    told = client.get("/api/station").json()
    assert told["memory"] == {"used": 171 << 20, "budget": 512 << 20}
    assert told["processes"] == {"used": 360 << 20, "budget": None}


def test_a_station_that_stopped_showing_is_said_to_be_lost(client, station):
    station.show(now_ns=time.time_ns() - 60 * 10**9)
    assert client.get("/api/station").json()["health"]["text"] == "the station does not answer"


def test_channels_come_with_their_state_and_losses(client, station):
    station.show(edges=(*station.board.edges, _edge("cam > wire", dropped={"late": 1, "bad": 4})))
    (cam,) = client.get("/api/channels").json()
    assert (cam["name"], cam["state"], cam["fps"]) == ("cam", "live", 29.9)
    assert (cam["dropped"], cam["lost"]) == (7, 5)
    assert cam["age_p50_ms"] == pytest.approx(4)
    assert cam["depot"] == {"name": station.depot.name, "slots": 8, "held": 0, "slot_bytes": 96 * 96}
    assert client.get("/api/channels/cam").json() == cam


def test_an_unknown_channel_is_a_problem_with_a_remedy(client):
    answer = client.get("/api/channels/door")
    assert answer.status_code == 404
    told = answer.json()
    assert told["kind"] == "UnknownName"
    assert "'cam'" in told["error"]
    assert told["remedy"]


def test_it_is_ready_when_every_channel_has_begun(client, station):
    assert client.get("/readyz").text == "ready\n"
    station.channel(state="opening")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["kind"] == "NotReady"
    assert client.get("/healthz").text == "ok\n"


def test_without_a_board_it_lives_and_is_not_ready(alone):
    assert alone.get("/healthz").status_code == 200
    assert alone.get("/readyz").status_code == 503
    answer = alone.get("/api/channels")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "rushes up" in answer.json()["error"]


def test_the_web_processs_own_edges_take_the_place_of_older_news_of_them(client, station, state):
    station.show(edges=(_edge("cam > viewers", offered=5, delivered=5),))
    edge = Edge("cam > viewers")
    edge.offer(9)
    edge.deliver(8)
    state.edges.add(edge, source="cam", target="viewers", channel="cam", allowed=("slow viewer",))
    (told,) = client.get("/api/pipeline").json()["edges"]
    assert (told["offered"], told["delivered"], told["waiting"], told["adds_up"]) == (9, 8, 1, True)
    assert told["allowed"] == ["slow viewer"]


def test_stats_are_all_of_it(client):
    told = client.get("/api/stats").json()
    assert set(told) == {"station", "channels", "edges", "web"}
    assert told["web"]["requests"] >= 1


def test_doctor_and_config_and_schema_are_told(client, station):
    checks = client.get("/api/doctor").json()
    assert {"python", "clock"} <= {each["name"] for each in checks}
    assert all(each["ok"] or each["remedy"] for each in checks)
    from rushes.station.board import ConfigLine

    station.show(
        config=(ConfigLine(section="web", key="bind", value="127.0.0.1:8787", where="station.toml:3"),)
    )
    assert client.get("/api/config").json() == [
        {"section": "web", "key": "bind", "value": "127.0.0.1:8787", "where": "station.toml:3"}
    ]
    assert '"station"' in client.get("/api/schema").text


def test_metrics_add_up_for_every_edge(client, station, state):
    station.show(edges=(_edge("a", 10, 5, {"late": 2, "bad": 1}, 2), _edge("b", 3, 3)))
    state.glass.mark("cam", 0.05)
    state.glass.mark("cam", 9.0)
    samples = _samples(client.get("/metrics").text)
    for edge in ("a", "b"):
        offered = samples[f'rushes_edge_offered_total{{edge="{edge}"}}']
        delivered = samples[f'rushes_edge_delivered_total{{edge="{edge}"}}']
        waiting = samples[f'rushes_edge_waiting{{edge="{edge}"}}']
        dropped = sum(
            value
            for name, value in samples.items()
            if name.startswith("rushes_edge_dropped_total") and f'edge="{edge}"' in name
        )
        assert offered == delivered + dropped + waiting
    assert samples['rushes_edge_dropped_total{edge="a",reason="bad"}'] == 1
    assert samples['rushes_stage_restarts_total{kind="source",stage="cam"}'] == 0
    assert samples['rushes_glass_age_seconds_bucket{channel="cam",le="0.06"}'] == 1
    assert samples['rushes_glass_age_seconds_bucket{channel="cam",le="+Inf"}'] == 2
    assert samples["rushes_up"] == 1


def test_metrics_are_there_without_a_station(alone):
    assert _samples(alone.get("/metrics").text)["rushes_up"] == 0


def _samples(text):
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def _edge(name, offered=7, delivered=2, dropped=None, waiting=0, **more):
    return EdgeState(
        name=name,
        source="cam",
        target="x",
        channel=more.get("channel", "cam"),
        allowed=more.get("allowed", ()),
        offered=offered,
        delivered=delivered,
        dropped=dropped or {},
        waiting=waiting,
    )


def test_a_board_without_channels_teaches_nothing_wrong(client, station):
    station.show(channels=(), edges=())
    assert client.get("/api/station").json()["health"]["text"].startswith("0 channels live")
    assert client.get("/api/channels").json() == []
    assert ChannelState(name="x", source="y", state="live").depot == ""
