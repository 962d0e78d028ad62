"""Pictures as they are coded: of files and over HTTP. A camera that dies is in tests/faults."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from rushes import ConfigError, SourceLost, SourceUnavailable
from rushes.capture.coded_live import CodedLive
from rushes.capture.link import Feed
from rushes.capture.sources import open_source
from rushes.codecs.video.demux import MediaInput
from rushes.interfaces import CodedSource
from tests.support.coded import copied, encode
from tests.support.mjpeg_server import HttpServer
from tests.support.waiting import eventually
from tests.unit.capture.closing import closed_while_taken_from

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return encode(tmp_path_factory.mktemp("coded") / "b frames.mp4")


def test_every_picture_of_a_file_can_be_copied(video, tmp_path):
    with open_source(f"file:{video}", coded=True, pace=False) as source:
        assert isinstance(source, CodedSource)
        assert (source.media.codec, source.media.width, source.info.height) == ("h264", 640, 360)
        pictures = list(source.packets())
        stats = source.stats()
    assert [each.number for each in pictures] == list(range(100))
    assert [each.number for each in pictures if each.packet.keyframe] == [0, 25, 50, 75]
    assert copied(tmp_path / "copy.mp4", source.media, pictures) == list(range(100))
    assert (stats.offered, stats.delivered, dict(stats.dropped), stats.state) == (100, 100, {}, "ended")


def test_times_are_those_at_which_they_are_shown(video):
    with open_source(f"file:{video}", coded=True, pace=False) as source:
        pictures = list(source.packets())
    times = [each.captured_ns for each in pictures]
    assert times != sorted(times), "pictures that lie between others are decoded after them"
    assert times[0] == min(times)
    steps = {later - earlier for earlier, later in pairwise(sorted(times))}
    assert all(abs(step - SECOND // 25) < 1000 for step in steps)


def test_a_file_is_played_at_its_pace_and_round_and_round(tmp_path):
    path = encode(tmp_path / "short.mp4", count=25)
    began = time.monotonic()
    with open_source(f"file:{path}", coded=True, loop=True) as source:
        pictures = [each for each, _ in zip(source.packets(), range(50), strict=False)]
        assert source.stats().adds_up
    assert time.monotonic() - began >= 49 / 25 - 0.1
    assert [each.number for each in pictures] == list(range(50))
    assert copied(tmp_path / "copy.mp4", source.media, pictures) == [*range(25), *range(25)]
    times = sorted(each.captured_ns for each in pictures)
    assert all(abs(later - earlier - SECOND // 25) < 1000 for earlier, later in pairwise(times)), (
        "also at the seam"
    )


def test_what_builds_upon_something_unreadable_is_left_out(video, monkeypatch):
    real = MediaInput.packets

    def with_a_hole(self):
        for number, packet in enumerate(real(self)):
            if number == 30:
                self._bad_reads += 1
            else:
                yield packet

    monkeypatch.setattr(MediaInput, "packets", with_a_hole)
    with open_source(f"file:{video}", coded=True, pace=False) as source:
        pictures = list(source.packets())
        stats = source.stats()
    assert [each.packet.keyframe for each in pictures[29:32]] == [False, True, False]
    assert len(pictures) == 30 + 50
    assert (stats.offered, stats.dropped) == (100, {"damaged": 20})
    assert stats.adds_up


def test_a_file_that_begins_in_the_middle_of_a_group(tmp_path):
    path = encode(tmp_path / "whole.ts", b_frames=0)
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 8 // 188 * 188 :])
    with open_source(f"file:{path}", coded=True, pace=False) as source:
        pictures = list(source.packets())
        stats = source.stats()
    assert pictures[0].packet.keyframe
    assert stats.dropped["no key frame"] > 0
    assert stats.adds_up
    assert copied(tmp_path / "copy.mp4", source.media, pictures) == list(range(25, 100))


def test_other_codings_are_refused_by_name(tmp_path):
    path = encode(tmp_path / "old.avi", count=5, codec="mpeg4")
    with pytest.raises(ConfigError, match="mpeg4"):
        open_source(f"file:{path}", coded=True)
    with HttpServer() as server:
        with pytest.raises(ConfigError, match="mjpeg"):
            open_source(server.url(), coded=True, reconnect=False)
        with open_source(server.url(), coded=True) as source, pytest.raises(ConfigError, match="mjpeg"):
            _ = source.media
    with pytest.raises(ConfigError, match="no option 'coded'"):
        open_source("screen:", coded=True)
    with pytest.raises(SourceUnavailable):
        open_source("file:/there/is/none.mp4", coded=True)


def test_it_is_no_source_of_frames(video):
    with open_source(f"file:{video}", coded=True) as source, pytest.raises(ConfigError, match="packets"):
        iter(source)
    with pytest.raises(ConfigError, match="fps"):
        open_source(f"file:{video}", coded=True, fps=5)
    with pytest.raises(ConfigError, match="keep"):
        open_source("rtsp://host/x", coded=True, keep=3)


def test_one_consumer(video):
    with open_source(f"file:{video}", coded=True) as source:
        first: Any = source.packets()
        next(first)
        with pytest.raises(ConfigError, match="one consumer"):
            source.packets()
        first.close()


def test_close_ends_an_iteration_from_another_thread(video):
    source = open_source(f"file:{video}", coded=True, loop=True)
    closed_while_taken_from(source, source.packets)
    assert source.stats().adds_up


def test_a_file_over_http_is_given_at_its_pace_and_ends(video, tmp_path):
    serving = HttpServer({"/b.mp4": video.read_bytes()})
    with serving as server, open_source(server.url("/b.mp4"), coded=True) as source:
        began = time.monotonic()
        pictures = list(source.packets())
        assert time.monotonic() - began > 3, "four seconds of video are not over at once"
        stats = source.stats()
    assert (stats.state, stats.offered, stats.delivered, dict(stats.dropped)) == ("ended", 100, 100, {})
    assert copied(tmp_path / "copy.mp4", source.media, pictures) == list(range(100))


def test_a_slow_consumer_loses_whole_ends_of_groups(video, tmp_path):
    size = 12_000
    serving = HttpServer({"/b.mp4": video.read_bytes()})
    with serving as server, CodedLive(Feed.of(server.url("/b.mp4"), ()), memory_bytes=size) as source:
        media = source.media
        eventually(lambda: source.stats().dropped.get("behind", 0), "the room is full")
        assert source._bytes <= size
        assert source.stats().adds_up
        pictures = []
        for each in source.packets():
            pictures.append(each)
            assert source._bytes <= size
        stats = source.stats()
    assert stats.adds_up
    assert stats.offered == 100
    assert stats.dropped == {"behind": 100 - len(pictures)}
    shown = copied(tmp_path / "copy.mp4", media, pictures)
    assert len(shown) == len(pictures), "all that was given can be decoded"
    groups = [[n for n in shown if n // 25 == group] for group in range(4)]
    assert any(len(group) < 25 for group in groups)


def test_what_waits_at_the_close_is_counted(video):
    with (
        HttpServer({"/b.mp4": video.read_bytes()}) as server,
        open_source(server.url("/b.mp4"), coded=True) as source,
    ):
        eventually(lambda: source.stats().waiting >= 5, "nobody takes them")
        source.close()
        stats = source.stats()
    assert stats.dropped["closed"] >= 5
    assert (stats.waiting, stats.adds_up, stats.state) == (0, True, "closed")


def test_another_coding_after_coming_back_is_refused(tmp_path):
    first = encode(tmp_path / "a.ts", count=50, b_frames=0, size=(320, 180)).read_bytes()
    other = encode(tmp_path / "b.ts", count=50, b_frames=0, size=(160, 120)).read_bytes()

    class Changing(HttpServer):
        def stream(self, handler):
            """Without a length: a live stream, which is lost when it ends."""
            handler.send_response(200)
            handler.end_headers()
            self.served += 1
            handler.wfile.write(first if self.served < 3 else other)

    with Changing() as server, open_source(server.url(), coded=True) as source:
        with pytest.raises(SourceLost, match="another coding"):
            for _ in source.packets():
                pass
        stats = source.stats()
    assert stats.reconnects == 1
    assert (stats.offered, stats.delivered) == (100, 98)
    assert stats.dropped == {"damaged": 2}, "the last of each connection may have been torn"
    assert stats.adds_up
