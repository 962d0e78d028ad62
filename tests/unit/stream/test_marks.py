from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from rushes.frame import Frame
from rushes.metrics import Edge
from rushes.stream.outgoing import Outgoing
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire.flow import Gap
from rushes.wire.message import PIXELS, unpack
from tests.support.streams import PATIENCE_S, Reading, eventually, joined, picture


class Emitter:
    """Emits numbers, the one called ``slow`` only when it is told to."""

    def __init__(self, slow: int) -> None:
        self.slow, self.log = slow, [""][:0]
        self.begun, self.gate, self.idle = threading.Event(), threading.Event(), threading.Event()

    def emit(self, job: int, made: int) -> None:
        if job == self.slow:
            self.begun.set()
            assert self.gate.wait(PATIENCE_S)
        self.log.append(f"emitted {job}")

    def on_idle(self) -> None:
        self.log.append("idle")
        self.idle.set()


def outgoing(emitter: Emitter, workers: int) -> Outgoing[int]:
    return Outgoing(
        encode=lambda job: job,
        emit=emitter.emit,
        edge=Edge("test"),
        workers=workers,
        room=4,
        policy="block",
        name="test",
        on_idle=emitter.on_idle,
    )


@pytest.mark.parametrize(
    "workers",
    [1, 2],
)
def test_nobody_is_idle_while_a_frame_waits_to_be_emitted(workers: int) -> None:
    emitter = Emitter(slow=1)
    out = outgoing(emitter, workers)
    try:
        out.put(0)
        eventually(lambda: emitter.log == ["emitted 0"])
        out.put(1)
        assert emitter.begun.wait(PATIENCE_S)
        assert not emitter.idle.wait(0.6), "told to be idle in the middle of a send"
    finally:
        emitter.gate.set()
        out.stop()


def test_idle_is_told_after_the_last_and_again() -> None:
    emitter = Emitter(slow=-1)
    out = outgoing(emitter, 2)
    out.put(0)
    eventually(lambda: emitter.log.count("idle") == 2)
    out.stop()
    assert emitter.log[:2] == ["emitted 0", "idle"]


def test_nobody_is_idle_before_the_first() -> None:
    emitter = Emitter(slow=-1)
    out = outgoing(emitter, 2)
    told = emitter.idle.wait(0.4)
    out.stop()
    assert not told


def test_a_last_frame_that_got_lost_is_told_soon_after() -> None:
    where = "ipc://marks?shm=no"
    with Streamer(where, tracks=["a", "b"]) as streamer, Receiver(where) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        for track in "ab":
            streamer.send(Frame(picture(), 0, track=track))
        reading.wait(2)
        wire = streamer._wire
        assert wire is not None
        publish = wire.link.publish
        wire.link.publish = _losing(publish)  # type: ignore[method-assign]
        for track in "ab":
            streamer.send(Frame(picture(), 1, track=track))
        reading.wait(4)
        assert {gap.track: gap for gap in reading.gaps} == {t: Gap(1, 1, "wire", t) for t in "ab"}
        assert receiver.stats().dropped == {"wire": 2}
        assert receiver.stats().duplicates == 0


def _losing(publish: Callable[..., Any]) -> Any:
    """What passes marks only: the network lost the rest."""

    def lose(topic: bytes, header: bytes, payload: Any, *, sent: Any = None, done: Any = None) -> Any:
        if topic == PIXELS and unpack([topic + header, payload]).header.codec == "mark":
            return publish(topic, header, payload, sent=sent, done=done)
        for told in (sent, done):
            if told is not None:
                told(True)
        return True

    return lose
