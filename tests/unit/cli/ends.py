"""The other ends of streams that verbs are tried on, and the user's Ctrl-C."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy as np

from rushes.capture import TestCard
from rushes.frame import Frame
from rushes.stream import Receiver, Streamer

PATIENCE_S = 30.0
TestCard.__test__ = False  # pytest takes its name for a test's


@contextmanager
def sending(endpoint, **options):
    """A streamer of test cards, as fast as they are drawn, but for a breath between them."""
    over = threading.Event()
    with Streamer(endpoint, **options) as streamer:

        def feed():
            card = TestCard(320, 180, 50)
            for number in itertools.count():
                array = np.empty(card.shape, np.uint8)
                card.draw(array, number, time.time_ns())
                streamer.send(Frame(array, number))
                if over.wait(0.01):
                    return

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield streamer
        finally:
            over.set()
            thread.join()


@contextmanager
def receiving(endpoint):
    """A receiver that keeps the numbers of all that comes; they are complete after the block."""
    numbers: list[int | None] = []
    with Receiver(endpoint) as receiver:
        thread = threading.Thread(
            target=lambda: numbers.extend(
                each.number for each in receiver.frames() if isinstance(each, Frame)
            )
        )
        thread.start()
        try:
            yield numbers
        finally:
            receiver.stop()
            thread.join()


@contextmanager
def interrupted(when=lambda: True):
    """Ctrl-C, as soon as the verb listens for it and that holds."""
    before = signal.getsignal(signal.SIGINT)

    def press():
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if signal.getsignal(signal.SIGINT) is not before and when():
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=press)
    thread.start()
    yield
    thread.join()
