from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import (
    AccessDenied,
    ConfigError,
    UnknownName,
    WireError,
)
from rushes.stream.audio import AudioReceiver, AudioStreamer
from rushes.stream.handlers import buffer, dispfps
from rushes.wire import keys
from rushes.wire.message import PIXELS
from tests.support.wire_peers import publisher
from tests.unit.stream.sound import ANYWHERE, TONE, handed_over, listens, until


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.mark.parametrize("end", [AudioStreamer, AudioReceiver])
def test_an_address_that_cannot_be_used_is_refused_at_once(end: type) -> None:
    for wrong in ("shm://depot", "nats://127.0.0.1:1/x", "tcp://127.0.0.1", 5):
        with pytest.raises(ConfigError):
            end(wrong)
    with pytest.raises(UnknownName):
        end("udp://127.0.0.1:5555")


def test_a_public_address_wants_keys() -> None:
    with pytest.raises(ConfigError, match="keys"):
        AudioStreamer("tcp://*:0").start()
    with AudioStreamer("tcp://*:0", insecure=True) as sender:
        assert sender.address


def test_an_address_that_is_taken_is_an_error_and_can_be_tried_again() -> None:
    with AudioStreamer(ANYWHERE) as first:
        second = AudioStreamer(first.address)
        with pytest.raises(WireError):
            second.start()
        first.stop()
        with second.start():
            assert second.address


def test_with_keys_both_ends_know_each_other(tmp_path: Path) -> None:
    keys.new(tmp_path / "keys")
    keys.new(tmp_path / "others")
    with AudioStreamer(ANYWHERE, keys=tmp_path / "keys") as sender:
        with AudioReceiver(sender.address, keys=tmp_path / "keys") as receiver:
            listens(sender)
            sender.send(TONE)
            np.testing.assert_array_equal(receiver.recv(20_000)["arr"], TONE)
        with AudioReceiver(sender.address, keys=os.fspath(tmp_path / "others")) as stranger:
            with pytest.raises(AccessDenied):
                stranger.recv(20_000)
            with pytest.raises(AccessDenied):
                next(iter(stranger.handler))


def test_messages_of_others_are_refused_and_sound_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    rogue, heard = publisher(ANYWHERE)
    with rogue, AudioReceiver(rogue.address) as receiver:
        heard.wait("subscribed")
        rogue.publish(PIXELS, b"\x80\x04K\x07.", b"what a pickle looks like")
        rogue.publish(PIXELS, b"", b"")
        until(lambda: receiver.stats().refused == 2)
        sender = AudioStreamer(ANYWHERE)
        header = sender._header("i2", TONE.shape, TONE.nbytes, {})
        for changed in (header.replace(b"pcm", b"raw"), header[:-1]):
            rogue.publish(PIXELS, changed, TONE)
        until(lambda: receiver.stats().refused == 4)
        assert caplog.text.count("was refused") == 1  # who sends nothing but nonsense must not fill the disk
        rogue.publish(PIXELS, header, TONE)
        np.testing.assert_array_equal(receiver.recv(20_000)["arr"], TONE)
        assert receiver.stats().adds_up


def test_a_track_is_picked_by_the_endpoint() -> None:
    with (
        AudioStreamer("ipc://tracks?track=a") as sender,
        AudioReceiver("ipc://tracks?track=b") as other,
        AudioReceiver("ipc://tracks?track=a") as wanted,
    ):
        listens(sender, 2)
        sender.send(TONE)
        assert wanted.recv(20_000)["track"] == "a"
        with pytest.raises(TimeoutError):
            other.recv(100)
        assert other.stats().expected == 0


def test_two_streams_of_sound_are_merged_in_time() -> None:
    with (
        AudioStreamer("ipc://left") as left,
        AudioStreamer("ipc://right") as right,
        AudioReceiver("ipc://left") as from_left,
        AudioReceiver("ipc://right") as from_right,
    ):
        listens(left)
        listens(right)
        for number in range(40):
            (left, right)[number % 2].send(TONE)
        handed_over(left)
        handed_over(right)
        merged = buffer(0.3, {"l": from_left.handler, "r": from_right.handler})
        out = [next(merged) for _ in range(40)]
        assert "".join(name for name, _ in out) == "lr" * 20
        assert [data["fno"] for _, data in out] == [number // 2 for number in range(40)]
        from_left.stop()
        from_right.stop()
        assert list(dispfps(merged)) == []
