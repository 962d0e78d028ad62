"""Live sources over HTTP, addresses, options, and the ledger. Real servers that die are in tests/faults."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

import numpy as np
import pytest

from rushes import ConfigError, SourceLost, SourceUnavailable
from rushes.capture.sources import open_source
from rushes.codecs.video.writer import VideoWriter
from tests.support.mjpeg_server import HttpServer
from tests.support.waiting import eventually

PATIENCE_S = 20.0


def refused_port():
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_an_mjpeg_stream_gives_numbered_frames_taken_now():
    before = time.time_ns()
    with HttpServer() as server, open_source(server.url()) as source:
        assert (source.info.width, source.info.height) == (160, 120)
        frames = [frame for frame, _ in zip(source, range(5), strict=False)]
        stats = source.stats()
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    stamps = [frame.captured_ns for frame in frames]
    assert before < stamps[0]
    assert stamps == sorted(stamps)
    assert stamps[-1] < time.time_ns()
    assert stats.adds_up
    assert stats.state == "live"


def test_a_slow_consumer_gets_the_newest_and_the_rest_is_counted():
    with HttpServer() as server, open_source(server.url()) as source:
        frames = iter(source)
        first = next(frames)
        eventually(lambda: source.stats().dropped.get("stale", 0) >= 10, "frames grow stale")
        asked_ns = time.time_ns()
        oldest = first.captured_ns + 5 * 20_000_000
        newest = next(frames)
        assert newest.captured_ns > oldest, "ten came meanwhile: this must not be the one after the first"
        assert newest.number == 1
        assert newest.captured_ns < asked_ns + 1_000_000_000
        stats = source.stats()
        assert stats.adds_up
        assert stats.delivered == 2


def test_fps_takes_fewer():
    with HttpServer() as server, open_source(server.url(), fps=5) as source:
        assert next(iter(source)).number == 0
        eventually(lambda: source.stats().dropped.get("rate", 0) >= 5, "frames are thinned out")
        assert source.stats().adds_up


def test_a_stream_that_ends_is_lost_and_comes_back():
    with HttpServer(limit=40) as server, open_source(server.url()) as source:
        eventually(lambda: source.stats().reconnects >= 1, "it came back")
        assert next(iter(source)) is not None
    stats = source.stats()
    assert stats.state == "closed"
    assert stats.adds_up
    assert stats.waiting == 0


def test_without_reconnect_an_end_raises_after_the_last_frame():
    with HttpServer(limit=40) as server, open_source(server.url(), reconnect=False) as source:
        with pytest.raises(SourceLost):
            list(source)
        assert source.stats().delivered > 0
        assert source.stats().state == "lost"
        assert source.stats().adds_up


def test_another_size_after_coming_back_is_refused():
    with HttpServer(limit=40, sizes=((160, 120), (80, 64))) as server, open_source(server.url()) as source:
        with pytest.raises(SourceLost, match="80x64"):
            for _ in source:
                pass
        assert source.stats().adds_up


def test_a_video_file_over_http_plays_at_its_pace_and_ends(tmp_path):
    target = tmp_path / "clip.mp4"
    with VideoWriter(target, 64, 48, fps=25) as writer:
        for number in range(25):
            writer.write(np.full((72, 64), number * 8, np.uint8), 1 + number * 40_000_000)
    with HttpServer({"/clip.mp4": target.read_bytes()}) as server:
        with open_source(server.url("/clip.mp4"), keep=3) as source:
            begun = time.monotonic()
            count = sum(1 for _ in source)
            assert time.monotonic() - begun > 0.5, "a second of video is not over at once"
            stats = source.stats()
        assert stats.state == "ended"
        assert stats.offered == 25
        assert count == stats.delivered
        assert stats.adds_up


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_refused_without_reconnect(scheme, capfd, caplog):
    address = f"{scheme}://me:s3cret-pw@127.0.0.1:{refused_port()}/live"
    with pytest.raises(SourceUnavailable) as caught:
        open_source(address, reconnect=False)
    shown = capfd.readouterr()
    for text in (str(caught.value), repr(caught.value), shown.out, shown.err, caplog.text):
        assert "s3cret" not in text


def test_refused_with_reconnect_waits_in_state_lost():
    with open_source(f"rtsp://me:s3cret-pw@127.0.0.1:{refused_port()}/x", wait_s=1.0) as source:
        with pytest.raises(SourceUnavailable) as caught:
            _ = source.info
        stats = source.stats()
        assert stats.state == "lost"
        for text in (str(caught.value), repr(stats), repr(source), stats.name):
            assert "s3cret" not in text


def test_a_page_that_is_not_there():
    with HttpServer() as server, pytest.raises(SourceUnavailable, match="404"):
        open_source(server.url("/none"), reconnect=False)


def test_no_camera_here():
    with pytest.raises(SourceUnavailable, match="video77"):
        open_source("v4l2:/dev/video77", reconnect=False)


def test_close_ends_a_waiting_consumer_while_opening_hangs():
    with HttpServer() as server:
        source = open_source(server.url("/hang"), open_timeout_s=1.5)
        ended = []
        waiting = threading.Thread(target=lambda: ended.append(_drain(source)))
        waiting.start()
        begun = time.monotonic()
        source.close()
        assert time.monotonic() - begun < 5, "close must not wait for the opening"
        waiting.join(PATIENCE_S)
        assert ended == [0]
        assert source.stats().state == "closed"


def _drain(source):
    from rushes import ClosedError

    try:
        return sum(1 for _ in source)
    except ClosedError:
        return 0


def test_one_consumer():
    with HttpServer() as server, open_source(server.url()) as source:
        next(iter(source))
        first: Any = iter(source)
        with pytest.raises(ConfigError, match="one consumer"):
            iter(source)
        first.close()


@pytest.mark.parametrize(
    ("uri", "options", "says"),
    [
        ("rtsp:", {}, "names no host"),
        ("http:///x", {}, "names no host"),
        ("v4l2:", {}, "write the device"),
        ("rtsp://host/x", {"transport": "pigeon"}, "pigeon"),
        ("rtsp://host/x", {"stall_s": 0}, "stall_s"),
        ("http://host/x", {"keep": 0}, "keep"),
        ("http://host/x", {"transport": "tcp"}, "no option"),
    ],
)
def test_what_is_wrong_is_said(uri, options, says):
    with pytest.raises(ConfigError, match=says):
        open_source(uri, **options)


def test_what_waits_at_the_close_is_counted():
    with HttpServer() as server, open_source(server.url()) as source:
        eventually(lambda: source.stats().dropped.get("stale", 0), "the slot is full, with nobody taking")
        source.close()
        stats = source.stats()
    assert stats.dropped["closed"] == 1
    assert stats.adds_up
