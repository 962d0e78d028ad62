from __future__ import annotations

import json

import pytest
from starlette.websockets import WebSocketDisconnect

from rushes.station.board import ChannelState


def test_a_page_is_told_the_whole_state_again_and_again(client, station):
    with client.websocket_connect("/ws/state") as socket:
        first = json.loads(socket.receive_text())
        assert set(first) == {"station", "channels", "jobs", "edges", "stages"}
        assert first["channels"][0]["state"] == "live"
        station.channel(state="late", why="busy")
        until = 20
        while until and json.loads(socket.receive_text())["channels"][0]["state"] != "late":
            until -= 1
        assert until


def test_all_listeners_get_the_same_message(client, state):
    with client.websocket_connect("/ws/state") as one, client.websocket_connect("/ws/state") as two:
        assert json.loads(one.receive_text()).keys() == json.loads(two.receive_text()).keys()
        assert state.sockets == 2
    assert state.sockets == 0


def test_the_end_of_the_station_ends_the_socket(client, state):
    with client.websocket_connect("/ws/state") as socket:
        socket.receive_text()
        state.stopping.set()
        with pytest.raises(WebSocketDisconnect) as ended:
            _read_on(socket)
        assert ended.value.code == 1001


def _read_on(socket):
    for _ in range(10):
        socket.receive_text()


def test_too_many_pages_are_turned_away(client, state):
    state.sockets = 64
    with pytest.raises(WebSocketDisconnect) as ended, client.websocket_connect("/ws/state"):
        pytest.fail("it was accepted")
    assert ended.value.code == 1013
    state.sockets = 0


def test_without_a_station_the_page_hears_of_that(alone):
    with alone.websocket_connect("/ws/state") as socket:
        assert "rushes up" in json.loads(socket.receive_text())["error"]


def test_a_page_that_talks_is_not_listened_to(client):
    with client.websocket_connect("/ws/state") as socket:
        for _ in range(5):
            socket.send_text("hello")
        assert json.loads(socket.receive_text())["station"]
    assert ChannelState(name="a", source="b", state="live").fps == 0
