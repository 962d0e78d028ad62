"""The web process as the station starts it."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from contextlib import ExitStack

import pytest
from websockets.sync.client import connect

from rushes.errors import ConfigError
from rushes.metrics import Edge
from rushes.server.edges import Edges
from rushes.server.serving import bound, lines_of, url_of
from rushes.station.messages import LINE_BYTES, Ready, Viewed
from tests.support.web_process import WebProcess
from tests.support.web_station import WebStation


@pytest.fixture
def station():
    with WebStation(f"served-{os.getpid()}") as made:
        made.put(1)
        yield made


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read(), answer.headers


def test_it_serves_what_the_board_shows_and_ends_when_told(station, tmp_path):
    with WebProcess(station.name, tmp_path) as web:
        url = web.url
        assert any(isinstance(each, Ready) for each in web.heard)
        told, headers = get(f"{url}/api/station")
        assert json.loads(told)["name"] == station.name
        assert "server" not in {name.lower() for name in headers}
        assert get(f"{url}/api/channels/cam/frame.jpg")[0][:2] == b"\xff\xd8"
        assert web.stop() < 20
        assert web.child.cause() == "ended with exit code 0"


def test_viewers_that_read_nothing_do_not_hold_up_its_end(station, tmp_path):
    """Three kinds: of the state, of live pictures, and of MJPEG, whose buffers are filled first."""
    with WebProcess(station.name, tmp_path) as web, ExitStack() as held:
        url = web.url
        address = (url.rpartition(":")[0].removeprefix("http://"), int(url.rpartition(":")[2]))
        for path in ("/ws/state", "/ws/live/cam?fps=30"):
            held.enter_context(
                connect(f"ws://{address[0]}:{address[1]}{path}", max_queue=1, close_timeout=0.1)
            )
        stuck = held.enter_context(socket.create_connection(address))
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(b"GET /api/channels/cam/live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stuck.recv(10)
        for number in range(2, 30):
            station.put(number)
        took_s = web.stop()
        assert web.child.cause() == "ended with exit code 0"
        assert took_s < 10  # it would be for ever


def test_an_address_that_is_taken_is_told_once_and_for_all(station, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with WebProcess(station.name, tmp_path, bind=bind) as web:
            failure = web.failure
            assert failure.wrong
            assert bind in failure.cause
            web.ended()


def test_an_address_that_others_can_reach_wants_a_token(station, tmp_path):
    with WebProcess(station.name, tmp_path, bind="0.0.0.0:0") as web:
        failure = web.failure
        assert failure.wrong
        assert "rushes token add NAME" in failure.cause
        web.ended()


def test_its_edges_are_told_to_the_station(station, tmp_path):
    with WebProcess(station.name, tmp_path) as web:
        url = web.url
        with connect(f"ws://{url.removeprefix('http://')}/ws/live/cam") as viewer:
            for _ in range(20):
                if isinstance(viewer.recv(timeout=10), bytes):
                    break
            viewed = web.word(Viewed)
        assert all(each.channel == "cam" for each in viewed.edges)


def test_a_word_is_never_longer_than_a_line():
    edges = Edges()
    for number in range(100):
        edges.add(
            Edge(f"cam {number} > viewers"), source=f"cam {number}", target="viewers", channel=f"cam {number}"
        )
    import msgspec

    words = lines_of(edges.states())
    assert sum(len(each.edges) for each in words) == 100
    assert all(len(msgspec.json.encode(each)) < LINE_BYTES for each in words)
    assert len(words) < 15
    assert lines_of([]) == []


@pytest.mark.parametrize("bind", ["127.0.0.1:0", "localhost:0", "[::1]:0"])
def test_addresses_that_can_be_bound(bind):
    try:
        listener = bound(bind)
    except ConfigError:
        pytest.skip("this machine has no such address")
    with listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize("bind", ["192.0.2.1:0", "no-such-host.invalid:80"])
def test_addresses_that_cannot(bind):
    with pytest.raises(ConfigError, match="cannot bind"):
        bound(bind)


def test_the_address_to_open():
    assert url_of("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert url_of("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert url_of("::1", 80) == "http://[::1]:80"
    assert url_of("nas", 80) == "http://nas:80"
