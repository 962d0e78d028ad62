from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from rushes.depot import Depot
from rushes.errors import UnknownName
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire.flow import Gap
from tests.support.streams import PATIENCE_S, Reading, at_rest, check_received, eventually, joined, picture


@pytest.mark.parametrize("way", ["ipc://two", "ipc://two?shm=no"])
def test_two_receivers_get_the_same(way: str) -> None:
    with Streamer(way, when_full="block") as streamer, Receiver(way) as one, Receiver(way) as other:
        joined(streamer, 2)
        readings = [Reading(one.frames()), Reading(other.frames())]
        for number in range(20):
            streamer.send(Frame(picture(seed=number), number))
        for receiver, reading in zip((one, other), readings, strict=True):
            eventually(lambda reading=reading: reading.numbers[-1:] == [19])  # type: ignore[misc]
            numbers = [frame.number or 0 for frame in reading.frames]
            assert numbers == sorted(set(numbers))
            check_received(receiver, reading.got)


def test_one_receiver_nearby_and_one_over_the_network_get_the_same() -> None:
    with (
        Streamer("ipc://both", codec="raw") as streamer,
        Receiver("ipc://both") as near,
        Receiver("ipc://both?shm=no") as far,
    ):
        joined(streamer, 2)
        readings = [Reading(near.frames()), Reading(far.frames())]
        for number in range(10):
            streamer.send(Frame(picture(seed=number), number))
            for reading in readings:
                reading.wait(number + 1)
        for reading in readings:
            assert reading.numbers == list(range(10))
            assert all(np.array_equal(frame.array, picture(seed=n)) for n, frame in enumerate(reading.frames))
        assert at_rest(streamer).sent == 10


@pytest.mark.parametrize("way", ["ipc://again?shm=no", "ipc://again", "shm://again"])
def test_a_streamer_that_starts_again_is_received_by_who_is_there(
    way: str,
) -> None:
    with Streamer(way) as streamer, Receiver(way) as receiver:
        if way.startswith("shm"):
            streamer.send(picture())
        joined(streamer)
        reading = Reading(receiver.frames())
        for count in range(1, 6):
            streamer.send(picture())
            reading.wait(count)
        before = len(reading.frames)
        streamer.stop()
        streamer.start()
        if way.startswith("shm"):
            streamer.send(picture())
        joined(streamer)
        for _ in range(100):
            streamer.send(picture())
            reading.thread.join(0.01)
            if len(reading.frames) > before:
                break
        assert len(reading.frames) > before
        assert receiver.stats().duplicates == 0
        assert receiver.stats().runs == 2


def test_the_stop_ends_an_iteration_that_is_taken_up_after_a_new_start() -> None:
    with Streamer("ipc://iterated") as streamer, Receiver("ipc://iterated") as receiver:
        joined(streamer)
        frames = receiver.frames()
        streamer.send(picture())
        assert isinstance(next(frames), Frame)
        receiver.stop()
        receiver.start()
        joined(streamer)
        reading = Reading(frames)
        for _ in range(20):
            streamer.send(picture())
            reading.thread.join(0.01)
        receiver.stop()
        assert reading.ended()
        assert reading.frames == []


@pytest.mark.parametrize("way", ["ipc://grows", "ipc://grows?shm=no"])
def test_pictures_may_become_larger(way: str) -> None:
    with Streamer(way, codec="raw") as streamer, Receiver(way) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        for number, height in enumerate((48, 480, 960, 96)):
            streamer.send(picture(height, 640, seed=number))
            reading.wait(number + 1)
        assert [frame.shape[0] for frame in reading.frames] == [48, 480, 960, 96]
        assert check_received(receiver, reading.got).dropped == {}
        assert receiver.stats().runs == 1


def test_what_is_missed_while_a_depot_is_made_anew_is_told() -> None:
    with Streamer("shm://anew") as streamer, Receiver("shm://anew") as receiver:
        streamer.send(picture())
        joined(streamer)
        reading = Reading(receiver.frames())
        streamer.send(picture())
        reading.wait(1)
        for height in (480, 960, 1440):
            streamer.send(picture(height, 640))
        eventually(lambda: 4 in reading.numbers)
        told = {n for gap in reading.gaps for n in range(gap.first, gap.last + 1)}
        assert {2, 3, 4} <= told | {number for number in reading.numbers if number is not None}


def test_a_receiver_that_cannot_look_into_the_depot_has_pixels_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def attach(name: str, **options: Any) -> Depot:
        raise UnknownName(f"no depot {name} here", name=name)

    monkeypatch.setattr(Depot, "attach", attach)
    with Streamer("ipc://elsewhere", codec="raw") as streamer, Receiver("ipc://elsewhere") as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        streamer.send(picture())
        wire = streamer._wire
        assert wire is not None
        eventually(lambda: wire.wants(b"p") and not wire.wants(b"d"))
        for number in range(3):
            streamer.send(picture(seed=number))
            reading.wait(number + 1)
        assert reading.numbers == [1, 2, 3]
        check_received(receiver, reading.got)


@pytest.mark.parametrize("way", ["ipc://back", "ipc://back?shm=no"])
def test_numbers_that_go_back_begin_a_new_run(way: str) -> None:
    with Streamer(way) as streamer, Receiver(way) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        for count, number in enumerate((10, 11, 5, 6, 6), start=1):
            streamer.send(Frame(picture(), number))
            reading.wait(count)
        assert reading.numbers == [10, 11, 5, 6, 6]
        stats = check_received(receiver, reading.got)
        assert (stats.runs, stats.dropped) == (3, {})


def test_numbers_that_were_never_sent_are_told() -> None:
    with Streamer("ipc://holes?shm=no") as streamer, Receiver("ipc://holes?shm=no") as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        for number in (3, 4, 8):
            streamer.send(Frame(picture(), number))
        reading.wait(4)
        assert [each if isinstance(each, Gap) else each.number for each in reading.got] == [
            3, 4, Gap(5, 7, "wire", "none"), 8,
        ]  # fmt: skip
        check_received(receiver, reading.got)


def test_the_track_in_the_address_is_the_only_one_received() -> None:
    with (
        Streamer("ipc://one?shm=no", ["a", "b"]) as streamer,
        Receiver("ipc://one?shm=no&track=b") as receiver,
    ):
        joined(streamer)
        reading = Reading(receiver.frames())
        for track in ("a", "b"):
            streamer.send(Frame(picture(), track=track))
        reading.wait(1)
        assert [frame.track for frame in reading.frames] == ["b"]
        assert receiver.stats().expected == 1


HELD = """
import ctypes, sys, threading
from rushes.stream.receiver import Receiver
got = threading.Event()
def read(receiver):
    for frame in receiver.frames():
        got.set()
with Receiver(sys.argv[1]) as receiver:
    threading.Thread(target=read, args=(receiver,), daemon=True).start()
    print("ready", flush=True)
    assert got.wait(20)
    ctypes.PyDLL(None).usleep(3_000_000)
    got.clear()
    assert got.wait(20)
"""


def test_a_receiver_survives_a_call_that_holds_the_interpreter_for_seconds() -> None:
    endpoint = "tcp://127.0.0.1:0?shm=no"
    with Streamer(endpoint, codec="raw") as streamer:
        child = subprocess.Popen(
            [sys.executable, "-c", HELD, f"{streamer.address}?shm=no"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            joined(streamer)
            code = None
            for _ in range(int(PATIENCE_S / 0.02)):
                streamer.send(np.zeros(100_000, np.uint8))
                try:
                    code = child.wait(0.02)
                    break
                except subprocess.TimeoutExpired:
                    continue
            assert code == 0
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
