from __future__ import annotations

import contextlib
import threading

import pytest

from rushes.errors import ConfigError
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support.streams import Reading, check_received, eventually, joined, picture


@pytest.mark.parametrize(
    "way",
    [
        "ipc://one-track?shm=no",
        "ipc://one-track",
        "shm://one-track",
    ],
)
def test_a_receiver_of_one_track_holds_up_nobody_over_the_others(way: str) -> None:
    more = "&track=a" if "?" in way else "?track=a"
    with Streamer(way, codec="raw", when_full="block") as streamer, Receiver(way + more) as receiver:
        if way.startswith("shm"):
            streamer.send(Frame(picture(), track="a"))  # a depot is made when the first frame tells its size
        joined(streamer)
        reading = Reading(receiver.frames())

        def send() -> None:
            with contextlib.suppress(ConfigError):  # it was stopped
                for number in range(40):
                    streamer.send(Frame(picture(), 1 + number, track="ab"[number % 2]))

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        sender.join(2.0)
        held_up = sender.is_alive()
        if not held_up:
            eventually(lambda: reading.numbers[-20:] == list(range(1, 41, 2)), str(reading.numbers))
        streamer.stop()
        sender.join(5.0)
        assert not held_up
        assert check_received(receiver, reading.got).dropped in ({}, {"wire": 19})


@pytest.mark.parametrize("way", ["ipc://tracks?shm=no", "ipc://tracks"])
def test_numbers_of_each_track_count_for_themselves(way: str) -> None:
    with Streamer(way, codec="raw", when_full="block") as streamer, Receiver(way) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        for number in range(12):
            streamer.send(Frame(picture(), track="abc"[number % 3]))
        reading.wait(12)
        for track in "abc":
            assert [f.number for f in reading.frames if f.track == track] == [0, 1, 2, 3]
        assert check_received(receiver, reading.got).dropped == {}
