"""Clients that send too much, too slowly, or come too many at a time."""

from __future__ import annotations

import os
import socket
import urllib.request
from contextlib import ExitStack

import pytest

from tests.support.web_server import served
from tests.support.web_station import WebStation

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /api/shots HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"


@pytest.fixture
def url(tmp_path):
    with WebStation(f"flooded-{os.getpid()}") as station, served(station.name, tmp_path) as (address, _):
        yield address


def connected(url):
    host, _, port = url.removeprefix("http://").partition(":")
    made = socket.create_connection((host, int(port)), timeout=30)
    made.settimeout(30)
    return made


def is_ended(peer):
    """Whether the other side broke off, after whatever it still said."""
    try:
        while peer.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        return True
    return True


def alive(url):
    with urllib.request.urlopen(f"{url}/healthz", timeout=20) as answer:
        return answer.read() == b"ok\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (HEAD, b"a: b\r\n" * 1000),
        (HEAD + b"X: ", b"a" * 6000),
        (HEAD, b"a" * 6000),
        (b"GET /", b"a" * 6000),
        (CHUNKED, b"a: b\r\n" * 1000),
        (CHUNKED + b"X: ", b"a" * 6000),
    ],
    ids=[
        "many lines",
        "a long value",
        "a long name",
        "a long address",
        "a long trailer",
        "a long value there",
    ],
)
def test_a_head_without_an_end_is_broken_off(url, begin, more):
    with connected(url) as peer:
        peer.sendall(begin)
        sent = 0
        try:
            while sent < 30_000_000:
                peer.sendall(more)
                sent += len(more)
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert sent < 30_000_000
    assert alive(url)


def test_a_head_that_does_not_come_is_not_waited_for(url, monkeypatch):
    monkeypatch.setattr("rushes.server.strict.HEAD_S", 0.3)
    with connected(url) as silent, connected(url) as slow:
        slow.sendall(HEAD)
        assert is_ended(silent)
        assert is_ended(slow)
        with connected(url) as second:
            second.sendall(HEAD + b"\r\n")
            assert second.recv(65536).startswith(b"HTTP/1.1 200")
            second.sendall(HEAD)  # a second one on the same connection
            assert is_ended(second)
    assert alive(url)


def test_a_request_that_takes_long_to_answer_is_not_taken_for_a_slow_one(url, monkeypatch):
    monkeypatch.setattr("rushes.server.strict.HEAD_S", 0.2)
    with connected(url) as peer:
        peer.sendall(b"GET /api/doctor HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert peer.recv(20).startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_come_is_not_waited_for(url, monkeypatch):
    monkeypatch.setattr("rushes.server.endpoints._BODY_S", 0.2)
    with connected(url) as peer:
        peer.sendall(b"POST /api/shots HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{")
        assert peer.recv(65536).startswith(b"HTTP/1.1 400")
    assert alive(url)


def test_more_connections_than_it_serves_are_broken_off(url, monkeypatch):
    monkeypatch.setattr("rushes.server.strict.MOST_CONNECTIONS", 8)
    with ExitStack() as held:
        for _ in range(8):
            held.enter_context(connected(url))
        assert is_ended(held.enter_context(connected(url)))
    assert alive_at_last(url)


def alive_at_last(url):
    for _ in range(200):
        try:
            return alive(url)
        except OSError:
            continue
    return False


def test_what_is_no_http_is_answered_and_ended(url):
    for nonsense in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\xff" * 200,
        b"GET \xff HTTP/1.1\r\n\r\n",
    ):
        with connected(url) as peer:
            peer.sendall(nonsense + b"\r\n\r\n")
            peer.shutdown(socket.SHUT_WR)
            assert is_ended(peer)
    assert alive(url)
