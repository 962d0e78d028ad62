"""A sender that waits loses nothing, whatever its readers do."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rushes.errors import ConfigError
from rushes.frame import Frame
from rushes.stream.inbox import Inbox
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support.streams import (
    PATIENCE_S,
    Arrived,
    at_rest,
    check_received,
    decode,
    eventually,
    header,
    joined,
    picture,
)

# Not strict: it goes wrong by chance. The same for certain is in test_marks.
WAYS = ["tcp://127.0.0.1:0?shm=no", "tcp://127.0.0.1:0", "shm://block"]
LARGE = np.zeros((1080, 1920, 3), np.uint8)


class Sender:
    """Sends ``count`` frames on a thread of its own, until the stop."""

    def __init__(self, streamer: Streamer, first: int, count: int, array: Any = LARGE) -> None:
        self.thread = threading.Thread(target=self._run, args=(streamer, first, count, array), daemon=True)
        self.thread.start()

    def _run(self, streamer: Streamer, first: int, count: int, array: Any) -> None:
        with contextlib.suppress(ConfigError):  # it was stopped meanwhile
            for number in range(first, first + count):
                streamer.send(Frame(array, number))

    def waits(self, streamer: Streamer) -> None:
        """Returns once nothing has been taken for a while."""
        before, since = -1, time.monotonic()
        while time.monotonic() - since < 0.4:
            assert self.thread.is_alive(), "nobody held it up"
            now = streamer.stats().offered
            if now != before:
                before, since = now, time.monotonic()
            self.thread.join(0.02)

    def ended(self) -> bool:
        self.thread.join(PATIENCE_S)
        return not self.thread.is_alive()


def where(streamer: Streamer, way: str) -> str:
    return streamer.address + ("?shm=no" if "shm=no" in way else "")


@contextlib.contextmanager
def stream(way: str, receivers: int = 1) -> Iterator[tuple[Streamer, list[Receiver]]]:
    with contextlib.ExitStack() as stack:
        streamer = stack.enter_context(Streamer(way, codec="raw", when_full="block"))
        if way.startswith("shm"):
            streamer.send(LARGE)  # the depot is made when a frame tells its size; nobody reads yet
        taking = [stack.enter_context(Receiver(where(streamer, way))) for _ in range(receivers)]
        joined(streamer, receivers)
        yield streamer, taking


def read(receiver: Receiver, last: int, pause_s: float = 0.0, pause_at: int = -1) -> list[object]:
    got: list[object] = []
    for item in receiver.frames():
        got.append(item)
        number = getattr(item, "number", None)
        if number == last:
            return got
        if pause_s and (pause_at < 0 or number == pause_at):
            time.sleep(pause_s)
    return got


def complete(receiver: Receiver, got: list[object], first: int, last: int) -> None:
    numbers = [getattr(item, "number", None) for item in got]
    assert [n for n in numbers if n is None or n >= first] == list(range(first, last + 1)), got
    assert check_received(receiver, got).dropped in ({}, {"wire": first - 1})


# The pause is longer than the two seconds of silence after which a link asks whether the other end is there.
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("pause_s", "pause_at"), [(0.01, -1), (2.5, 3)], ids=["slow", "pauses"])
def test_a_reader_that_is_slow_or_pauses_gets_all(way: str, pause_s: float, pause_at: int) -> None:
    with stream(way) as (streamer, [receiver]):
        # Enough that there is more to be sent when the reader comes back: of the last ones test_marks tells.
        sender = Sender(streamer, 1, 70)
        got = read(receiver, 70, pause_s, pause_at)
        assert sender.ended()
        complete(receiver, got, 1, 70)
        assert at_rest(streamer).dropped == {}


@pytest.mark.parametrize("way", WAYS)
def test_of_two_readers_the_slower_sets_the_pace_and_both_get_all(way: str) -> None:
    with stream(way, 2) as (streamer, [fast, slow]):
        quick: list[object] = []
        thread = threading.Thread(target=lambda: quick.extend(read(fast, 40)), daemon=True)
        thread.start()
        if "?" not in way and "tcp" in way:
            streamer.send(
                Frame(LARGE, 0)
            )  # the depot is made with it, and whoever comes to that later misses it
            eventually(lambda: streamer._depot is not None and streamer._depot.readers == 2)
        sender = Sender(streamer, 1, 40)
        got = read(slow, 40, 0.02)
        thread.join(PATIENCE_S)
        assert sender.ended()
        complete(fast, quick, 1, 40)
        complete(slow, got, 1, 40)


CHILD = """
import sys
from rushes.stream.receiver import Receiver
with Receiver(sys.argv[1]) as receiver:
    frames = receiver.frames()
    for _ in range(2):
        next(frames)
    print("took two", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_that_is_killed_while_the_sender_waits_frees_it(way: str) -> None:
    with Streamer(way, codec="raw", when_full="block") as streamer:
        if way.startswith("shm"):
            streamer.send(LARGE)
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, where(streamer, way)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            joined(streamer)
            sender = Sender(streamer, 1, 60)
            assert child.stdout is not None
            assert child.stdout.readline() == b"took two\n"
            sender.waits(streamer)
            child.kill()
        assert sender.ended(), "it waits for the dead"
        stats = at_rest(streamer)
        assert stats.offered == 60 + ("shm://" in way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ["sender", "receiver"])
def test_either_end_can_be_stopped_while_the_sender_waits(way: str, end: str) -> None:
    with stream(way) as (streamer, [receiver]):
        sender = Sender(streamer, 1, 60)
        sender.waits(streamer)
        stopper = threading.Thread(
            target=streamer.stop if end == "sender" else receiver.stop, daemon=True, name="stopper"
        )
        stopper.start()
        stopper.join(PATIENCE_S)
        assert not stopper.is_alive()
        assert sender.ended()
        assert at_rest(streamer).adds_up
        receiver.stop()
        stats = receiver.stats()
        assert stats.adds_up
        assert stats.waiting == 0


def test_large_messages_of_a_sender_that_waits_are_not_lost_for_their_size() -> None:
    told: list[bool] = []
    box = Inbox(decode, ahead=1, hold=told.append)
    for number in range(8):
        box.arrive(Arrived(header(number, waits=True, length=40 * 1024 * 1024)))
        if told:
            break
    assert box.stats(0).dropped == {}


def test_a_slow_reader_loses_nothing_when_pictures_become_larger() -> None:
    with (
        Streamer("ipc://larger", codec="raw", when_full="block") as streamer,
        Receiver("ipc://larger") as receiver,
    ):
        joined(streamer)
        small, large = Sender(streamer, 1, 9, picture()), picture(480, 640)
        assert small.ended()
        sender = Sender(streamer, 10, 12, large)
        frames = receiver.frames()
        for _ in range(9):
            next(frames)
            time.sleep(0.2)
        eventually(lambda: not sender.thread.is_alive() or streamer.stats().waiting)
        got = threading.Thread(target=lambda: [next(frames) for _ in range(12)], daemon=True)
        got.start()
        sender.thread.join(5)
        got.join(5)
        dropped = streamer.stats().dropped
        receiver.stop()
        assert dropped == {}
