"""Shots of a station elsewhere, by its address."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from rushes.codecs import jpeg
from rushes.errors import AccessDenied, ConfigError, DeadlineExceeded, NoSuchMoment, SourceUnavailable
from rushes.shots import ShotSaver
from rushes.station.tokens import Tokens
from tests.support.web_server import served
from tests.support.web_station import WebStation


@pytest.fixture
def station(monkeypatch):
    monkeypatch.delenv("RUSHES_TOKEN", raising=False)
    with WebStation(f"far-{os.getpid()}") as made:
        yield made


@pytest.fixture
def url(station, tmp_path):
    with served(station.name, tmp_path / "data") as (address, _):
        yield address


def taken(saver, channel="cam", dt=None, **more):
    guid = saver.get(channel, dt, callback=lambda data: None, **more)
    return saver.handle(guid).result(20)


def test_the_newest_picture_of_a_station_is_saved(url, station, tmp_path):
    frame = station.put(9, luma=180)
    with ShotSaver(channels=url) as saver:
        guid, path = saver.save(
            "cam", file_path=str(tmp_path / "out") + os.sep, file_name="{server.name}/{channel.name}.jpg"
        )
        shot = saver.handle(guid).result(20)
    assert (shot.frame_number, shot.captured_ns, shot.source) == (9, frame.captured_ns, "live")
    assert Path(path) == tmp_path / "out" / station.name / "cam.jpg"
    assert abs(jpeg.decode(Path(path).read_bytes(), "gray8").mean() - 180) < 16


def test_a_moment_is_that_moment_and_a_gap_is_told(url, station, tmp_path):
    start_s = round(time.time()) - 60.0
    station.record(tmp_path / "archive", start_s=start_s)
    with ShotSaver(channels=url + "/") as saver:
        shot = taken(saver, dt=start_s + 2.05)
        assert (shot.frame_number, shot.source) == (20, "archive")
        with pytest.raises(NoSuchMoment) as gap:
            taken(saver, dt=start_s - 100)
        assert gap.value.after_ns == pytest.approx(start_s * 1e9, abs=1e7)


def test_figures_are_drawn_there(url, station):
    station.mark(station.put(1))
    with ShotSaver(channels=url) as saver:
        drawn = jpeg.decode(taken(saver, figures=True).data, "bgr24").astype(int)
    assert (drawn[32, 22:28, 2] - drawn[32, 22:28, 0]).max() > 40


def test_a_fresh_picture_is_waited_for(url, station):
    station.put(1, age_s=30)
    with ShotSaver(channels=url) as saver:
        guid = saver.get("cam", callback=lambda data: None, max_age_s=0.0)
        handle = saver.handle(guid)
        assert not handle._wait(0.3)
        station.put(2)
        assert handle.result(20).frame_number == 2


def test_a_channel_that_is_none_is_told_at_the_call(url):
    with ShotSaver(channels=url) as saver, pytest.raises(OSError, match="'cam'"):
        saver.get("door", callback=lambda data: None)


def test_a_station_that_is_not_there_is_unavailable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with ShotSaver(channels=url) as saver, pytest.raises(SourceUnavailable, match="cannot be reached"):
            saver.get("cam", callback=lambda data: None)


def test_the_token_comes_from_the_environment(station, tmp_path, monkeypatch):
    token = Tokens(tmp_path / "data").add("saver")
    station.put(3)
    with (
        served(station.name, tmp_path / "data", bind="0.0.0.0:0") as (url, _),
        ShotSaver(channels=url) as saver,
    ):
        with pytest.raises(AccessDenied, match="RUSHES_TOKEN"):
            saver.get("cam", callback=lambda data: None)
        monkeypatch.setenv("RUSHES_TOKEN", token)
        assert taken(saver).frame_number == 3


@pytest.mark.parametrize(
    "url", ["nas:8787", "ftp://nas", "http://", "http://a:b@nas", "http://nas?x=1", "http://nas/#a"]
)
def test_what_is_no_address_of_a_station(url):
    with pytest.raises(ConfigError, match=r"channels|RUSHES_TOKEN|address"):
        ShotSaver(channels=url)


class Rogue:
    """Answers every connection with the same bytes, and keeps what was asked."""

    def __init__(self, *answers: bytes, drip: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        self._answers, self._drip = list(answers), drip
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _run(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                self.asked.append(peer.recv(65536))
                try:
                    peer.sendall(self._answers[min(len(self.asked), len(self._answers)) - 1])
                    while self._drip and len(self.asked) >= len(self._answers) and not self._end.wait(0.05):
                        peer.sendall(b"x")
                except OSError:
                    continue


def ok(body: bytes, more: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n{more}Connection: close\r\n\r\n".encode() + body


CHANNELS = ok(b'[{"name": "cam", "station": "s"}]')


def test_a_redirect_is_not_followed_and_the_token_given_to_nobody(monkeypatch):
    monkeypatch.setenv("RUSHES_TOKEN", "secret")
    with Rogue(ok(b"[]")) as other:
        moved = (
            f"HTTP/1.1 302 Found\r\nLocation: {other.url}/api/channels\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with Rogue(moved) as rogue, ShotSaver(channels=rogue.url) as saver:
            with pytest.raises(SourceUnavailable, match="302"):
                saver.get("cam", callback=lambda data: None)
            assert b"Bearer secret" in rogue.asked[0]
        assert other.asked == []


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'[{"title": 1}]', b"\xff"])
def test_what_is_no_station_is_told_so(body):
    with (
        Rogue(ok(body)) as rogue,
        ShotSaver(channels=rogue.url) as saver,
        pytest.raises(SourceUnavailable, match=r"is no station|'cam'"),
    ):
        saver.get("cam", callback=lambda data: None)


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"not a picture"),
        ok(b"short", length=5000),
        ok(b"x", "X-Captured-Ns: soon\r\n"),
        b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_nonsense_instead_of_a_picture_is_an_error(answer):
    with Rogue(CHANNELS, answer) as rogue, ShotSaver(channels=rogue.url) as saver:
        saver.timeout_sec, saver.max_tries = 0.5, 1
        with pytest.raises((OSError, ValueError)):
            taken(saver)


def test_a_body_that_drips_ends_with_the_time():
    with (
        Rogue(CHANNELS, ok(b"\xff\xd8\xff", length=10_000), drip=True) as rogue,
        ShotSaver(channels=rogue.url) as saver,
    ):
        saver.timeout_sec, saver.max_tries = 0.4, 1
        with pytest.raises(DeadlineExceeded):
            taken(saver)
