from __future__ import annotations

import itertools
import threading
from itertools import pairwise

import numpy as np
import pytest

from rushes.errors import ClosedError, ConfigError, FrameError, UnknownName
from rushes.stream import IMAG_S, TEST_S, Receiver, Streamer
from rushes.stream.testcard import play
from rushes.testing import ManualClock

PATIENCE_S = 20.0


class Sender:
    """Keeps what it is given, with the moments, on a clock that each send and each sleep moves.

    Sends cost ``cost_s`` each, or each its own and those behind nothing.
    """

    def __init__(self, cost_s=0.0, stop_at_s=None, error=None):
        self.clock = ManualClock()
        self.clock.sleep = self._pass  # type: ignore[method-assign]
        self.started = False
        self.frames, self.at_s = [], []
        self._costs_s = itertools.repeat(cost_s) if isinstance(cost_s, float) else iter(cost_s)
        self._stop_at_s, self._error = stop_at_s, error

    def _pass(self, seconds):
        self.clock.advance(seconds)
        if self._stop_at_s is not None and self.clock.monotonic_ns() >= self._stop_at_s * 1e9:
            self.started = False

    def start(self):
        self.started = True

    def send(self, array_or_frame):
        if self._error is not None:
            raise self._error
        self.frames.append(array_or_frame)
        self.at_s.append(self.clock.monotonic_ns() / 1e9)
        self.clock.advance(next(self._costs_s, 0.0))


def test_it_starts_the_sender_and_ends_after_so_many():
    sender = Sender()
    assert play(sender, TEST_S, count=3, clock=sender.clock) == 3
    assert sender.started
    assert [(each.shape, each.dtype) for each in sender.frames] == [((480, 640, 3), np.uint8)] * 3
    assert play(sender, TEST_S, count=0, clock=sender.clock) == 0


def test_it_keeps_its_pace_whatever_a_send_costs():
    sender = Sender(cost_s=0.03)
    play(sender, TEST_S, count=26, fps=25, clock=sender.clock)
    assert sender.at_s == pytest.approx([number / 25 for number in range(26)], abs=1e-6)


def test_moments_that_were_missed_are_skipped():
    sender = Sender(cost_s=[0.0, 0.45])
    play(sender, TEST_S, count=5, fps=10, clock=sender.clock)
    assert sender.at_s == pytest.approx([0, 0.1, 0.55, 0.6, 0.7], abs=1e-6)


def test_an_animated_card_moves_for_ever_and_a_still_one_does_not():
    moving = Sender()
    play(moving, IMAG_S, True, count=500, fps=1000, clock=moving.clock)
    assert not np.array_equal(moving.frames[0], moving.frames[1])
    assert all(each.flags.c_contiguous for each in moving.frames)
    still = Sender()
    play(still, IMAG_S, count=2, clock=still.clock)
    assert still.frames[0] is still.frames[1]


def test_a_stop_ends_it_also_in_a_long_wait_between_two_frames():
    sender = Sender(stop_at_s=25.0)
    assert play(sender, TEST_S, fps=0.1, clock=sender.clock) == 3
    assert sender.clock.monotonic_ns() == pytest.approx(25e9, abs=0.1e9)


@pytest.mark.parametrize("kind", [ConfigError, ClosedError])
def test_a_stop_or_close_at_the_moment_of_a_send_ends_it(kind):
    sender = Sender()

    def send(frame):
        sender.started = False
        raise kind("too late")

    sender.send = send  # type: ignore[method-assign]
    assert play(sender, TEST_S, clock=sender.clock) == 0


def test_what_else_a_send_raises_comes_through():
    for error in (FrameError("over the limit"), ConfigError("no such track")):
        sender = Sender(error=error)
        with pytest.raises(type(error)):
            play(sender, TEST_S, clock=sender.clock)


@pytest.mark.parametrize("fps", [0, -1, 1001, float("nan"), "30", True])
def test_rates_that_cannot_be(fps):
    sender = Sender()
    with pytest.raises(ConfigError, match="fps"):
        play(sender, TEST_S, fps=fps)
    assert not sender.started


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_counts_that_cannot_be(count):
    with pytest.raises(ConfigError, match="count"):
        play(Sender(), TEST_S, count=count)


def test_a_card_that_does_not_exist():
    sender = Sender()
    with pytest.raises(UnknownName, match="TEST_S"):
        play(sender, 6)
    assert not sender.started


def test_a_receiver_gets_it_until_the_streamer_is_stopped():
    with Streamer("tcp://127.0.0.1:0") as streamer, Receiver(streamer.address) as receiver:
        thread = threading.Thread(target=streamer.testcard, args=(TEST_S, True), kwargs={"fps": 100})
        thread.start()
        items = receiver.handler
        seen = [next(items)["arr"] for _ in range(5)]
        streamer.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert {each.shape for each in seen} == {(480, 640, 3)}
    assert any(not np.array_equal(one, other) for one, other in pairwise(seen))
