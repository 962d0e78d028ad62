"""A source in a process of its own."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import rushes
from rushes import ConfigError, SourceLost, SourceUnavailable
from rushes.capture.testcard import TestCard
from rushes.codecs.video.writer import VideoWriter
from rushes.interfaces import Source
from rushes.station.feed import Feed
from rushes.station.processes import Backoff
from rushes.testing import read_card

PATIENCE_S = 30.0


def kill(feed):
    pid = feed._channel.source.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def ours():
    return [each for each in rushes.list_depots() if each.name.startswith(f"feed-{os.getpid()}-")]


def test_frames_come_from_another_process_without_copies():
    with Feed("testcard:640x361@50") as feed:
        assert isinstance(feed, Source)
        assert (feed.info.width, feed.info.height, feed.info.fps, feed.info.format) == (
            640,
            360,
            50.0,
            "i420",
        )
        numbers = []
        for frame in feed:
            assert read_card(frame.to("bgr24").array) == (
                frame.number,
                frame.captured_ns // 1_000_000 % 2**32,
            )
            assert not frame.array.flags.writeable
            numbers.append(frame.number)
            if len(numbers) == 20:
                break
        assert numbers == sorted({each for each in numbers if each is not None})
        assert feed.stats().adds_up
        assert feed._channel.source.pid not in (None, os.getpid())
        assert len(ours()) == 1
    assert ours() == []
    stats = feed.stats()
    assert stats.state == "closed"
    assert stats.adds_up
    assert stats.delivered >= 20


def test_a_killed_process_is_replaced_and_its_absence_counted():
    said: list[str] = []
    with Feed("testcard:64x48@50", say=said.append) as feed:
        count = last = 0
        for frame in feed:
            count, last = count + 1, frame.number or 0
            if count == 5:
                kill(feed)
            if feed.stats().dropped.get("stage down") and count > 10:
                break
        stats = feed.stats()
    assert stats.reconnects == 1
    assert stats.adds_up
    assert stats.offered >= last
    assert "killed by SIGKILL" in said[0]


def test_it_ends_with_its_source_and_not_one_frame_before(tmp_path):
    card = TestCard(64, 48, 25, "i420")
    array = np.empty(card.shape, np.uint8)
    with VideoWriter(tmp_path / "a.mp4", 64, 48, fps=25) as writer:
        for number in range(30):
            card.draw(array, number, number * 40_000_000)
            writer.write(array, number * 40_000_000)
    with Feed(f"file:{tmp_path}/a.mp4", slots=64) as feed:
        assert sum(1 for _ in feed) == 30
        assert feed.stats().state == "ended"
        assert feed.stats().delivered == 30


def test_frames_that_are_kept_keep_their_slots_and_that_is_counted():
    with Feed("testcard:64x48@200", slots=4) as feed:
        frames = iter(feed)
        kept = [next(frames) for _ in range(4)]
        while not feed.stats().dropped.get("leased"):
            threading.Event().wait(0.01)
        assert [int(frame.array[0, 0]) for frame in kept], "still readable"
        assert feed.stats().adds_up
        del kept
        assert (next(frames).number or 0) > 4
        del frames


def test_what_is_not_there_is_told_at_once_with_its_cause():
    with pytest.raises(SourceUnavailable, match=r"none\.mp4"):
        Feed("file:/there/is/none.mp4")
    assert ours() == []


def test_what_cannot_be_is_a_wrong_option():
    with pytest.raises(ConfigError, match="x,y,width,height"):
        Feed("screen:1,2")
    with pytest.raises(ConfigError, match="colour"):
        Feed("testcard:", options={"colour": "red"})


def test_a_source_that_cannot_be_kept_alive_is_lost(monkeypatch):
    monkeypatch.setattr(Backoff, "MOST", 0)
    with Feed("testcard:64x48@50") as feed:
        frames = iter(feed)
        next(frames)
        kill(feed)
        with pytest.raises(SourceLost, match="SIGKILL"):
            list(frames)
        del frames


def test_close_from_another_thread_ends_the_iteration():
    feed = Feed("testcard:64x48@5")
    got, ended = threading.Event(), threading.Event()

    def consume():
        for _ in feed:
            got.set()
        ended.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert got.wait(PATIENCE_S)
    feed.close()
    assert ended.wait(PATIENCE_S)
    thread.join()
    with pytest.raises(rushes.ClosedError):
        iter(feed)


def test_no_password_is_seen_from_outside():
    from pathlib import Path

    stop, seen = threading.Event(), []

    def look():
        while not stop.is_set():
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    try:
                        seen.append((entry / "cmdline").read_bytes())
                    except OSError:
                        continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with pytest.raises(SourceUnavailable) as found:
            Feed("rtsp://admin:geheim77@127.0.0.1:9/none", options={"reconnect": False})
    finally:
        stop.set()
        watcher.join()
    assert any(b"feed source" in line for line in seen), "the process was looked at"
    assert not any(b"geheim77" in line for line in seen)
    assert "geheim77" not in str(found.value)
