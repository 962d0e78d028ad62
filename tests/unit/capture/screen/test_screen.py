"""A real X server, grabbed by each way there is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rushes import ConfigError, Frame, SourceLost, SourceUnavailable, UnknownName
from rushes.capture.records import FillsArrays
from rushes.capture.screen import choose as choosing
from rushes.capture.sources import open_source
from tests.support.xvfb import painted, xvfb
from tests.unit.capture.closing import closed_while_taken_from

BACKENDS = ("x-shm", "x11grab", "mss")
GROUND, BLUE = (0x60, 0x40, 0x20), (255, 0, 0)  # as BGR
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def display():
    with xvfb(640, 480) as made, painted(made.name):
        yield made.name


def segments():
    """How many System V segments this process made, by the kernel's list."""
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return sum(str(os.getpid()) in row.split() for row in rows)


def eventually(condition):
    """X lets go of a segment when it comes to read that its client has."""
    for _ in range(400):
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_on_the_screen_is_in_the_frame(display, backend):
    with open_source("screen:", display=display, backend=backend) as source:
        assert (source.info.width, source.info.height, source.info.format) == (640, 480, "bgra")
        assert source.stats().backend == backend
        frame = next(iter(source))
    assert frame.format == "bgra"
    expected = np.empty((480, 640, 4), np.uint8)
    expected[:] = (*GROUND, 255)
    expected[20:60, 10:40] = (*BLUE, 255)
    assert np.array_equal(frame.array, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_region_is_that_part(display, backend):
    with open_source("screen:8,17,101,33", display=display, backend=backend) as source:
        frame = next(iter(source))
    assert frame.shape == (33, 101, 4)
    assert tuple(frame.array[2, 1, :3]) == GROUND
    assert tuple(frame.array[3, 2, :3]) == BLUE


def test_rect_says_the_same_in_numbers(display):
    with open_source("screen:", display=display, rect=(10, 20, 30, 40)) as source:
        assert np.all(next(iter(source)).array[..., :3] == BLUE)
    with pytest.raises(ConfigError, match="give one"):
        open_source("screen:0,0,9,9", display=display, rect=(0, 0, 9, 9))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rect", [(600, 0, 41, 10), (0, 470, 10, 11), (-1, 0, 10, 10), (0, 0, 0, 10)])
def test_a_region_outside_is_refused_with_the_size_of_the_screen(display, backend, rect):
    with pytest.raises(ConfigError, match=r"640x480|no pixels"):
        open_source("screen:", display=display, rect=rect, backend=backend)


@pytest.mark.parametrize("rest", ["1,2,3", "a,b,c,d", "1,2,3,4,5"])
def test_a_region_that_is_none_is_told_how(display, rest):
    with pytest.raises(ConfigError, match="x,y,width,height"):
        open_source(f"screen:{rest}", display=display)


@pytest.mark.parametrize(
    ("format", "shape"), [("i420", (58 * 3 // 2, 100)), ("bgra", (59, 101, 4)), ("bgr24", (59, 101, 3))]
)
def test_a_grab_goes_straight_into_memory_of_the_caller(display, format, shape):
    with open_source("screen:5,10,101,59", display=display) as source:
        assert isinstance(source, FillsArrays)
        out = np.zeros(shape, np.uint8)
        assert source.grab_into(out, format, 0) > 0
        shown = Frame(out, 0, format=format).to("bgr24").array.astype(int)
        frame = next(iter(source)).to("bgr24").array[: shown.shape[0], : shown.shape[1]]
    # Away from the rectangle's edge, where i420 mixes colours.
    assert np.abs(shown[14:44:3, 8:30:3] - frame[14:44:3, 8:30:3]).max() <= 3
    assert np.abs(shown[:8, 40:] - frame[:8, 40:]).max() <= 3


def test_frames_keep_their_pixels(display):
    with open_source("screen:0,0,16,16", display=display, fps=200) as source:
        frames = iter(source)
        first = next(frames)
        first.array[:] = 7
        second = next(frames)
        assert np.all(first.array == 7)
        assert not np.any(second.array == 7)
        assert [first.number, second.number] == [0, 1]
        assert first.captured_ns < second.captured_ns


def test_no_display_is_named_with_each_reason():
    with pytest.raises(SourceUnavailable, match=":997") as found:
        open_source("screen:", display=":997")
    for backend in BACKENDS:
        assert backend in str(found.value)


def test_without_a_desktop_the_remedy_is_told(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(SourceUnavailable, match="DISPLAY is not set"):
        open_source("screen:")


def test_a_back_end_that_is_none():
    with pytest.raises(UnknownName, match="x-shm"):
        open_source("screen:", display=":997", backend="x-shn")


def test_the_choice_says_why_not_a_better_one(display, monkeypatch):
    monkeypatch.setitem(choosing.WAYS, "x-shm", "tests.unit.capture.screen.refusing:Refusing")
    with open_source("screen:", display=display) as source:
        assert source.stats().backend == "x11grab; not x-shm: it is remote"
        assert next(iter(source)).shape == (480, 640, 4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_display_that_goes_away_is_a_lost_source(backend):
    with (
        xvfb(320, 240) as display,
        open_source("screen:", display=display.name, backend=backend, fps=50) as source,
    ):
        frames = iter(source)
        next(frames)
        os.kill(display.pid, signal.SIGKILL)
        with pytest.raises(SourceLost):
            list(zip(frames, range(1000), strict=False))
        assert source.stats().state == "lost"
        assert source.stats().adds_up


def test_close_ends_an_iteration_from_another_thread(display):
    source = open_source("screen:", display=display, fps=0.5)
    closed_while_taken_from(source, lambda: source)
    assert source.stats().state == "closed"
    source.close()


def test_no_shared_memory_is_left(display):
    before = segments()
    with open_source("screen:", display=display) as source:
        next(iter(source))
        assert segments() == before + 1
    assert eventually(lambda: segments() == before)


def test_no_shared_memory_is_left_by_a_killed_process(display):
    code = (
        "from rushes.capture.sources import open_source\n"
        f"s = open_source('screen:', display={display!r})\n"
        "next(iter(s)); print('up', flush=True)\nimport time; time.sleep(60)"
    )
    count = len(Path("/proc/sysvipc/shm").read_text().splitlines())
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.kill()
        process.wait()
    assert eventually(lambda: len(Path("/proc/sysvipc/shm").read_text().splitlines()) <= count)
