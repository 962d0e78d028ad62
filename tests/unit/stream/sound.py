"""What tests of sound share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rushes.stream.audio import AudioStreamer
from rushes.wire.message import PIXELS

ANYWHERE = "tcp://127.0.0.1:0"
TONE = (np.sin(np.arange(960) / 20) * 20_000).astype(np.int16)


def until(condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
    """For what a link does in its own time and tells nobody."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


def listens(streamer: AudioStreamer, receivers: int = 1) -> None:
    until(lambda: streamer._link is not None and streamer._link.subscribed(PIXELS) >= receivers)


def handed_over(streamer: AudioStreamer) -> None:
    until(lambda: streamer.stats().waiting == 0)
