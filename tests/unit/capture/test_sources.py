"""Addresses, paced sources, and a depot as a source."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from rushes import ConfigError, Depot, SourceLost, SourceUnavailable, UnknownName
from rushes.capture.pace import Paced
from rushes.capture.sources import SOURCES, open_source
from rushes.frame import Frame
from rushes.interfaces import Source
from rushes.testing import read_card

PATIENCE_S = 20.0


def number_of(frame: Frame) -> int:
    assert frame.number is not None
    return frame.number


def test_an_unknown_scheme_lists_those_there_are():
    with pytest.raises(UnknownName) as found:
        open_source("screem:")
    for scheme in ("screen", "testcard", "file", "rtsp", "http", "v4l2", "depot"):
        assert scheme in str(found.value)


@pytest.mark.parametrize("uri", ["", "screen", "/a/path.mp4"])
def test_what_is_no_address(uri):
    with pytest.raises(ConfigError, match="is no address"):
        open_source(uri)


def test_an_unknown_option_lists_those_there_are():
    with pytest.raises(ConfigError, match="format"):
        open_source("testcard:", colour="red")
    with pytest.raises(ConfigError, match="fps"):
        open_source("testcard:", fps=0)


@pytest.mark.parametrize(
    ("uri", "info"),
    [
        ("testcard:", (1280, 720, 30.0)),
        ("testcard:64x48", (64, 48, 30.0)),
        ("testcard:64x48@12.5", (64, 48, 12.5)),
        ("testcard:@5", (1280, 720, 5.0)),
    ],
)
def test_a_card_is_as_it_is_written(uri, info):
    with open_source(uri) as source:
        assert isinstance(source, Source)
        assert (source.info.width, source.info.height, source.info.fps) == info
    with open_source(uri, fps=50) as source:
        assert source.info.fps == 50


@pytest.mark.parametrize("rest", ["64", "64x", "64x48@", "64x48@fast", "8x8", "0x0"])
def test_a_card_that_cannot_be_is_told_how(rest):
    with pytest.raises(ConfigError):
        open_source(f"testcard:{rest}")


@pytest.mark.parametrize("format", ["bgr24", "i420"])
def test_a_card_is_paced_numbered_and_readable(format):
    with open_source("testcard:640x360@100", format=format) as source:
        frames = iter(source)
        taken = [next(frames) for _ in range(10)]
    # A machine that stops for a moment makes deadlines pass; the numbers say so.
    numbers = [number_of(frame) for frame in taken]
    assert numbers == sorted(set(numbers))
    for frame in taken:
        assert read_card(frame.to("bgr24").array) == (frame.number, frame.captured_ns // 1_000_000 % 2**32)
    stats = source.stats()
    assert stats.adds_up
    assert stats.offered == numbers[-1] + 1


def test_deadlines_that_pass_are_counted_never_made_up():
    with open_source("testcard:64x48@50") as source:
        frames = iter(source)
        next(frames)
        time.sleep(0.2)  # ten deadlines
        late, after = next(frames), next(frames)
        stats = source.stats()
    assert number_of(late) >= 9
    assert stats.dropped["late"] >= 8
    assert stats.adds_up
    assert after.captured_ns - late.captured_ns > 1_000_000, "two at once would be a burst"


def test_a_source_has_one_consumer_at_a_time():
    with open_source("testcard:64x48@50") as source:
        frames = iter(source)
        next(frames)
        with pytest.raises(ConfigError, match="one consumer"):
            iter(source)
        del frames
        again = iter(source)
        assert next(again).number == 1, "it goes on where it was"


class Held(Paced):
    """Grabs for as long as it is told to."""

    def __init__(self):
        super().__init__("held", 1000)
        self.inside, self.go = threading.Event(), threading.Event()
        self.released_inside = False

    def _grab(self, number):
        self.inside.set()
        self.go.wait(PATIENCE_S)
        self.inside.clear()
        return Frame(np.zeros((2, 2, 3), np.uint8), number)

    def _release(self):
        self.released_inside = self.inside.is_set()


def test_close_never_takes_away_what_a_grab_reads_from():
    source = Held()
    reading = threading.Thread(target=lambda: list(source))
    reading.start()
    assert source.inside.wait(PATIENCE_S)
    closing = threading.Thread(target=source.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    source.go.set()
    closing.join(PATIENCE_S)
    reading.join(PATIENCE_S)
    assert not reading.is_alive()
    assert not source.released_inside


def test_another_kind_of_source_can_be_added():
    SOURCES.register("mine", "tests.unit.capture.test_sources:open_mine")
    try:
        opened: object = open_source("mine:x", fps=3)
        assert opened == ("x", "mine:x", 3)
    finally:
        del SOURCES._entries["mine"], SOURCES._loaded["mine"]


def open_mine(rest, *, uri, fps):
    return rest, uri, fps


def test_a_depot_is_a_source_without_copies():
    with Depot.create("test-source", slots=4, shape=(4, 6, 3)) as depot:
        for number in range(3):
            depot.put(np.full((4, 6, 3), number, np.uint8), number + 10, meta={"n": number})
        with open_source("depot:test-source") as source:
            assert (source.info.width, source.info.height, source.info.format) == (6, 4, "bgr24")
            frames = iter(source)
            frame = next(frames)
            assert (frame.number, frame.meta) == (12, {"n": 2})
            assert np.all(frame.array == 2)
            assert not frame.array.flags.writeable
            assert len(depot.leases()) == 1
            del frame
            for number in range(3, 20):  # five times around: most are missed
                depot.put(np.full((4, 6, 3), number, np.uint8), number + 10)
            assert number_of(next(frames)) > 20
            stats = source.stats()
            assert stats.delivered == 2
            assert stats.dropped["missed"] > 0
            assert stats.adds_up
            del frames
        assert depot.leases() == []


def test_a_depot_without_a_frame_or_that_is_none():
    with pytest.raises(SourceUnavailable, match="no depot"):
        open_source("depot:test-none", wait_s=0.0)
    with (
        Depot.create("test-empty", slots=2, shape=(2, 2)),
        pytest.raises(SourceUnavailable, match="no frame"),
    ):
        open_source("depot:test-empty", wait_s=0.05)
    with pytest.raises(ConfigError):
        open_source("depot:")


def test_a_depot_whose_writer_died_is_a_lost_source():
    from tests.support.processes import script

    code = """
    import numpy as np, os, sys, time
    depot = Depot.create("test-dying", slots=4, shape=(2, 2), persistent=True)
    depot.put(np.zeros((2, 2), np.uint8))
    print("up", flush=True)
    sys.stdin.readline()
    """
    with script(code) as process:
        assert process.line() == "up"
        with open_source("depot:test-dying") as source:
            frames = iter(source)
            next(frames)
            process.kill()
            with pytest.raises(SourceLost):
                next(frames)
            assert source.stats().state == "lost"
            with Depot.attach("test-dying", mode="rw") as left:
                left.unlink()
