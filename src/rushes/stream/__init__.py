"""Streams between processes and machines: frames and sound sent, received in order, merged in time, and counted.

``Streamer`` and ``Receiver`` are the two ends; ``buffer``, ``dispfps`` and ``display`` are what one does with what
comes; ``send`` and ``recv`` put single frames on plain sockets. Nothing is unpickled, and nothing lost in silence.
"""

from __future__ import annotations

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
