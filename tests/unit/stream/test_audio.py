from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.errors import (
    ClosedError,
    ConfigError,
    DeadlineExceeded,
    FrameError,
)
from rushes.stream.audio import AudioReceiver, AudioStreamer
from rushes.wire.message import PIXELS
from tests.unit.stream.sound import ANYWHERE, TONE, handed_over, listens, until


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.mark.parametrize("at", [ANYWHERE, "ipc://sound"])
@pytest.mark.parametrize(
    "samples",
    [
        TONE,
        TONE.astype(np.float32).reshape(-1, 2),
        TONE.astype(np.float64).reshape(2, -1).T,
        np.zeros((0, 2), np.int16),
        np.array([7], np.uint8),
        TONE.astype(">i4")[::3],
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_a_segment_comes_out_as_it_went_in(at: str, samples: Any) -> None:
    before = time.time()
    with AudioStreamer(at) as sender, AudioReceiver(sender.address if at == ANYWHERE else at) as receiver:
        listens(sender)
        result = sender.send(samples, {"channel": "left"})
        item = receiver.recv(20_000)
    assert (result.accepted, result.number, result.reason) == (True, 0, "")
    assert set(item) == {"arr", "meta", "ftime", "fno", "track"}
    np.testing.assert_array_equal(item["arr"], samples)
    assert item["arr"].dtype == samples.dtype.newbyteorder("=")
    assert (item["meta"], item["fno"], item["track"]) == ({"channel": "left"}, 0, "")
    assert before <= item["ftime"] <= time.time()


def test_an_old_program_that_starts_nothing_is_served() -> None:
    sender = AudioStreamer(ANYWHERE)
    sender.send(TONE)  # nobody listens yet: lost, as it was
    receiver = AudioReceiver(sender.address)
    items = receiver.handler(timeout=0)
    assert next(items) is None
    listens(sender)
    sender.send(TONE)
    item = None
    while item is None:
        item = next(items)
    assert item["fno"] == 1
    assert sender.stats().dropped == {"no receiver": 1}
    receiver.close()
    sender.close()
    assert list(items) == []


def test_samples_may_be_overwritten_as_soon_as_they_were_sent() -> None:
    with AudioStreamer(ANYWHERE) as sender, AudioReceiver(sender.address) as receiver:
        listens(sender)
        block = np.zeros(100_000, np.int16)
        for number in range(10):
            block[:] = number
            sender.send(block)
            block[:] = -1
        for number in range(10):
            samples = receiver.recv(20_000)["arr"]
            assert (samples.min(), samples.max()) == (number, number)


def test_nothing_in_time_is_a_time_out() -> None:
    with AudioStreamer(ANYWHERE) as sender, AudioReceiver(sender.address) as receiver:
        with pytest.raises(DeadlineExceeded, match="20 ms"):
            receiver.recv(20)
        with pytest.raises(TimeoutError):
            receiver.recv(0)


def test_a_waiting_reader_is_woken_by_a_segment_and_by_the_stop() -> None:
    with AudioStreamer(ANYWHERE) as sender, AudioReceiver(sender.address) as receiver:
        listens(sender)
        got: list[int] = []
        first = threading.Event()

        def read() -> None:
            for item in receiver.handler:
                got.append(item["fno"])
                first.set()

        reader = threading.Thread(target=read)
        reader.start()
        sender.send(TONE)
        assert first.wait(20)
        receiver.stop()
        reader.join(20)
        assert not reader.is_alive()
        assert got == [0]
        with pytest.raises(ClosedError, match="stopped"):
            receiver.recv(1000)


def test_a_slow_reader_gets_the_newest_and_every_loss_is_counted() -> None:
    with AudioStreamer(ANYWHERE) as sender, AudioReceiver(sender.address) as receiver:
        listens(sender)
        for number in range(300):
            sender.send(TONE)
            if number % 20 == 0:
                handed_over(sender)
        handed_over(sender)
        until(lambda: receiver.stats().expected == 300)
        numbers = []
        for item in receiver.handler(timeout=0):
            if item is None:
                break
            numbers.append(item["fno"])
        assert numbers[-1] == 299
        assert numbers == sorted(set(numbers))
        assert len(numbers) <= 64
        there, here = sender.stats(), receiver.stats()
        assert there.adds_up
        assert here.adds_up
        assert (there.offered, there.waiting, there.runs) == (300, 0, 1)
        assert here.delivered == len(numbers)
        assert here.dropped_total == 300 - len(numbers)
        assert set(here.dropped) <= {"stale", "wire"}


def test_what_no_receiver_wanted_is_counted() -> None:
    with AudioStreamer(ANYWHERE) as sender:
        for _ in range(5):
            assert sender.send(TONE).accepted
        assert sender.stats().dropped == {"no receiver": 5}
        assert sender.stats().adds_up


def test_either_end_can_stop_and_start_again() -> None:
    with AudioStreamer("ipc://again") as sender, AudioReceiver("ipc://again") as receiver:
        listens(sender)
        sender.send(TONE)
        sender.send(TONE)
        assert [receiver.recv(20_000)["fno"] for _ in range(2)] == [0, 1]
        sender.stop()
        sender.stop()
        with pytest.raises(ClosedError, match="start"):
            sender.send(TONE)
        sender.start()
        listens(sender)
        sender.send(TONE)
        assert receiver.recv(20_000)["fno"] == 0
        receiver.stop()
        until(lambda: not sender._link.subscribed(PIXELS))  # type: ignore[union-attr]
        sender.send(TONE)
        receiver.start()
        listens(sender)
        sender.send(TONE)
        assert receiver.recv(20_000)["fno"] == 2
        handed_over(sender)  # a segment can be there before it is counted here
        here, there = receiver.stats(), sender.stats()
        assert (here.expected, here.delivered, here.dropped, here.runs) == (4, 4, {}, 3)
        assert (there.offered, there.sent, there.dropped, there.runs) == (5, 4, {"no receiver": 1}, 2)


def test_after_close_nothing_goes_any_more() -> None:
    sender, receiver = AudioStreamer(ANYWHERE), AudioReceiver("tcp://127.0.0.1:9")
    sender.close()
    receiver.close()
    for use in (sender.start, lambda: sender.send(TONE), receiver.start, lambda: receiver.recv(1)):
        with pytest.raises(ClosedError):
            use()
    assert list(receiver.handler) == []


@pytest.mark.parametrize("meta", [{"a": [1]}, {"a": b"x"}, {"a": "x" * 5000}])
def test_metadata_that_cannot_travel_is_refused_and_not_counted(meta: Any) -> None:
    with AudioStreamer(ANYWHERE) as sender:
        with pytest.raises(ConfigError, match="meta"):
            sender.send(TONE, meta)
        assert sender.stats().offered == 0
        assert sender.send(TONE).number == 0


@pytest.mark.parametrize(
    ("samples", "error"),
    [
        ([1, 2], ConfigError),
        (b"xx", ConfigError),
        (np.zeros(3, np.int64), FrameError),
        (np.zeros(3, complex), FrameError),
        (np.zeros((1, 1, 1, 1, 1), np.int16), FrameError),
        (np.broadcast_to(np.zeros(1, np.int16), (40_000_000,)), ConfigError),
    ],
    ids=("list", "bytes", "int64", "complex", "5d", "80MB"),
)
def test_what_is_no_segment_is_refused(samples: Any, error: type[Exception]) -> None:
    with AudioStreamer(ANYWHERE) as sender, pytest.raises(error):
        sender.send(samples)


def test_at_a_stop_nothing_waits_any_more_and_the_account_is_whole() -> None:
    with AudioStreamer(ANYWHERE) as sender, AudioReceiver(sender.address) as receiver:
        listens(sender)
        for _ in range(200):
            sender.send(TONE)
        sender.stop()
        stats = sender.stats()
        assert stats.adds_up
        assert (stats.offered, stats.waiting) == (200, 0)
        assert set(stats.dropped) <= {"full", "stopped"}
        receiver.stop()
        assert receiver.stats().waiting == 0
        assert receiver.stats().adds_up
