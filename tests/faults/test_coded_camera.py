"""The coded pictures of a real RTSP server that is killed, stopped and restarted."""

from __future__ import annotations

import signal
import time
from itertools import pairwise

import pytest

from rushes import SourceLost
from rushes.capture.sources import open_source
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.writer import VideoWriter
from tests.support.rtsp_server import missing, serving
from tests.support.waiting import eventually

WHY = missing()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no RTSP server: {WHY}")
SECOND = 1_000_000_000


def decoded(path, media, pictures):
    """Copied into a file: which are corrupt of those that come out, how many there are, and what was refused."""
    with VideoWriter.copying(path, media) as writer:
        for each in pictures:
            writer.write_packet(each.packet)
    with MediaInput(path) as copy:
        frames = list(copy.frames())
        return (
            [place for place, each in enumerate(frames) if each.corrupt],
            len(frames),
            copy.damage.bad_packets,
        )


def test_killed_and_restarted_on_the_same_port(tmp_path):
    with serving() as server, open_source(server.address(), coded=True) as source:
        coming = source.packets()
        before = [next(coming) for _ in range(60)]
        assert abs(before[-1].captured_ns - time.time_ns()) < SECOND // 2, "also after what was sent at once"
        assert not source.stats().dropped, "a camera begins with a key frame, and that is there"
        server.kill()
        eventually(lambda: source.stats().state == "lost", "the kill is noticed")
        assert source.stats().adds_up
        server.start()
        eventually(lambda: source.stats().reconnects == 1, "it comes back")
        waited = source.stats().waiting
        after = [next(coming) for _ in range(waited + 30)]
        late_ns = time.time_ns() - after[-1].captured_ns
    pictures = before + after
    assert source.media.codec == "h264"
    assert abs(late_ns) < SECOND // 2, "times are of the new connection"
    assert [each.number for each in pictures] == list(range(len(pictures)))
    assert all(later.captured_ns > earlier.captured_ns for earlier, later in pairwise(pictures))
    steps = [later.captured_ns - earlier.captured_ns for earlier, later in pairwise(pictures)]
    gap = steps.index(max(steps))
    assert max(steps) > SECOND // 10
    assert pictures[gap + 1].packet.keyframe
    assert all(abs(each - SECOND // 25) < 1_000_000 for each in steps[:gap] + steps[gap + 1 :]), (
        "as the camera took them, however they came"
    )
    assert pictures[0].packet.keyframe
    assert decoded(tmp_path / "copy.mp4", source.media, pictures) == ([], len(pictures), 0), gap
    stats = source.stats()
    assert stats.adds_up
    assert (stats.state, stats.waiting, stats.delivered) == ("closed", 0, len(pictures))
    assert stats.dropped["damaged"] == 1, "what the kill may have torn"
    assert set(stats.dropped) <= {"damaged", "closed"}


def test_killed_without_reconnect_gives_what_came_then_raises(tmp_path):
    with (
        serving() as server,
        open_source(server.address("me:s3cret-pw"), coded=True, reconnect=False) as source,
    ):
        coming = source.packets()
        pictures = [next(coming)]
        eventually(lambda: source.stats().waiting >= 10, "pictures wait")
        server.kill()
        eventually(lambda: source.stats().state == "lost", "the kill is noticed")
        with pytest.raises(SourceLost) as caught:
            pictures += coming
        assert "s3cret" not in f"{caught.value!r}{source.stats()!r}{source!r}"
    assert len(pictures) >= 11
    assert source.stats().adds_up
    assert source.stats().waiting == 0


def test_a_silent_stall_is_noticed_and_gone_when_the_server_goes_on():
    with (
        serving() as server,
        open_source(server.address(), coded=True, stall_s=1.0, open_timeout_s=2.0) as source,
    ):
        coming = source.packets()
        next(coming)
        server.signal(signal.SIGSTOP)
        eventually(lambda: source.stats().state == "lost", "the watchdog sees it")
        server.signal(signal.SIGCONT)
        eventually(lambda: source.stats().reconnects >= 1, "it comes back")
        next(coming)
        eventually(lambda: not source.stats().backend, "the reader left behind ends by its own time-out")
        assert source.stats().adds_up
