"""Streams between processes and machines: frames and sound sent, received in order, merged in time, and counted.

``Streamer`` and ``Receiver`` are the two ends; ``buffer``, ``dispfps`` and ``display`` are what one does with what
comes; ``send`` and ``recv`` put single frames on plain sockets. Nothing is unpickled, and nothing lost in silence.

All of it is loaded at first use: a process that calls a function on frames, and must be there at once when another was
killed, needs a quarter of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.stream.audio import AudioReceiver, AudioStreamer
    from rushes.stream.cards import IMAG_L, IMAG_M, IMAG_S, TEST_L, TEST_M, TEST_S, loadimage
    from rushes.stream.handlers import buffer, dispfps, display
    from rushes.stream.plain import recv, send
    from rushes.stream.receiver import Receiver
    from rushes.stream.records import SendResult, StreamStats
    from rushes.stream.streamer import Streamer
    from rushes.stream.work.worker import Worker
    from rushes.wire.flow import Gap

__all__ = [
    "IMAG_L",
    "IMAG_M",
    "IMAG_S",
    "TEST_L",
    "TEST_M",
    "TEST_S",
    "AudioReceiver",
    "AudioStreamer",
    "Gap",
    "Receiver",
    "SendResult",
    "StreamStats",
    "Streamer",
    "Worker",
    "buffer",
    "dispfps",
    "display",
    "loadimage",
    "recv",
    "send",
]

_HOME = {
    "rushes.stream.audio": ("AudioReceiver", "AudioStreamer"),
    "rushes.stream.cards": ("IMAG_L", "IMAG_M", "IMAG_S", "TEST_L", "TEST_M", "TEST_S", "loadimage"),
    "rushes.stream.handlers": ("buffer", "dispfps", "display"),
    "rushes.stream.plain": ("recv", "send"),
    "rushes.stream.receiver": ("Receiver",),
    "rushes.stream.records": ("SendResult", "StreamStats"),
    "rushes.stream.streamer": ("Streamer",),
    "rushes.stream.work.worker": ("Worker",),
    "rushes.wire.flow": ("Gap",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOME.items():
        if name in names:
            value = getattr(importlib.import_module(home), name)
            globals()[name] = value  # the next use finds it without coming here
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
