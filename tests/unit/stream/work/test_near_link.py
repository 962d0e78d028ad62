"""Map-reduce among the processes of one machine: what is refused, who is told, and what strangers may send."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import zmq

from rushes.codecs import jpeg
from rushes.errors import ConfigError, FrameError, WireError
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire import near, near_desk, near_source
from rushes.wire.flow import Gap
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import HERE, Ends, numbers, reading, settle, small, working

ends = Ends("near")


def test_a_name_that_is_in_use_is_refused_and_free_again_after_the_close() -> None:
    name = ends.new()
    with Streamer(name, mapreduce=True), pytest.raises(WireError, match="in use"):
        Streamer(name, mapreduce=True).start()
    with (
        Streamer(name, mapreduce=True),
        Receiver(name, mapreduce=True),
        pytest.raises(WireError, match="in use"),
    ):
        Receiver(name, mapreduce=True).start()


def test_a_stream_peer_to_peer_may_have_the_same_name() -> None:
    name = ends.new()
    with Streamer(name, mapreduce=True), Streamer(name), Streamer(name.replace("shm", "ipc")):
        pass


def test_keys_are_refused_at_every_end(tmp_path: Path) -> None:
    name = ends.new()
    for end in (
        Streamer(name, mapreduce=True, keys=tmp_path),
        Receiver(name, mapreduce=True, keys=tmp_path),
        Worker(name, keys=tmp_path),
    ):
        with pytest.raises(ConfigError, match="takes no keys"):
            end.start()


def test_results_of_this_machine_cannot_go_to_a_hub() -> None:
    with pytest.raises(ConfigError, match="ipc:// or shm://"):
        Worker(ends.new(), "tcp://127.0.0.1:5999").start()


def test_frames_of_a_hub_may_be_received_on_this_machine() -> None:
    with (
        Streamer(HERE, mapreduce=True) as streamer,
        Receiver(ends.new(), mapreduce=True) as receiver,
        working(streamer.address, receiver.address, functions.doubled),
        reading(receiver) as reader,
    ):
        for _ in range(10):
            streamer.send(small())
        assert numbers(reader.take(10)) == list(range(10))


def test_ipc_and_shm_are_two_spellings_of_one_name() -> None:
    name = ends.new()
    with (
        Streamer(name, mapreduce=True) as streamer,
        Receiver(name.replace("shm", "ipc"), mapreduce=True) as receiver,
        working(name.replace("shm", "ipc"), None, functions.doubled),
        reading(receiver) as reader,
    ):
        streamer.send(small())
        assert numbers(reader.take(1)) == [0]


def test_a_worker_on_a_track_that_is_none_is_told_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    name = ends.new()
    with Streamer(name, ["faces"], mapreduce=True), Worker(name, track="face") as worker:
        assert settle(lambda: "no track 'face', but faces" in caplog.text)
        assert next(worker.handler(50)) is None


def test_workers_and_receivers_may_come_first() -> None:
    source, drain = ends.new(), ends.new()
    with (
        working(source, drain, functions.doubled),
        Receiver(drain, mapreduce=True) as receiver,
        reading(receiver) as reader,
        Streamer(source, mapreduce=True) as streamer,
    ):
        streamer.send(small())
        assert numbers(reader.take(1)) == [0]


@pytest.mark.parametrize(
    "picture",
    [
        np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3),
        np.arange(24 * 64 * 3, dtype=np.uint8).reshape(24, 64, 3)[:, ::2],
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.arange(12, dtype=">u2").reshape(3, 4),
        np.zeros((0, 4), np.uint8),
        np.array(7, np.uint16),
    ],
)
def test_pictures_are_exact_as_they_came_and_when_another_was_made(picture: np.ndarray) -> None:
    with (
        ends.both(("same", "copy")) as (streamer, receiver),
        Worker(streamer.address, receiver.address, "same") as one,
        Worker(streamer.address, receiver.address, "copy") as other,
        reading(receiver) as reader,
    ):
        streamer.send(Frame(picture, 3, format="array"))
        one.send(next(iter(one.handler)))
        item = next(iter(other.handler))
        item["arr"] = item["arr"].copy()
        other.send(item)
        for got in reader.take(2):
            assert isinstance(got, Frame)
            assert got.array.dtype == picture.dtype.newbyteorder("=")
            np.testing.assert_array_equal(got.array, picture)


def test_a_jpeg_is_not_coded_again() -> None:
    data = jpeg.encode(np.full((48, 64, 3), 90, np.uint8), "bgr24", 95)
    with ends.both() as (streamer, receiver), Worker(streamer.address, receiver.address) as worker:
        streamer.send(Frame(np.frombuffer(data, np.uint8), format="jpeg"))
        item = next(iter(worker.handler))
        assert item["buf"] == bytes(data)
        worker.send(item)
        got = next(receiver.frames())
        assert isinstance(got, Frame)
        np.testing.assert_array_equal(got.array, jpeg.decode(data))


def test_a_frame_that_is_too_large_is_refused_at_the_send() -> None:
    with ends.both() as (streamer, _):
        with pytest.raises(FrameError, match="scale it down"):
            streamer.send(np.zeros((5000, 5000, 3), np.uint8))
        assert streamer.stats().dropped == {"bad": 1}
        assert streamer.stats().adds_up


def test_who_collects_frames_does_not_stop_the_stream() -> None:
    kept = []
    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, functions.as_it_came),
        reading(receiver) as reader,
    ):
        for number in range(200):
            streamer.send(small(number))
        kept = reader.take(200)
        assert [int(each.array[0, 0, 0]) for each in kept if isinstance(each, Frame)] == list(range(200))


def test_a_streamer_that_stops_tells_of_what_nobody_worked_on() -> None:
    with (
        ends.both() as (streamer, receiver),
        Worker(streamer.address, receiver.address, reqthread=1) as worker,
        reading(receiver) as reader,
    ):
        for _ in range(5):
            streamer.send(small())
        item = next(iter(worker.handler))
        streamer.stop()
        worker.send(item)
        assert numbers(reader.take(2)) == [0, Gap(1, 4, "gone", "none")]
        assert receiver.stats().dropped == {"gone": 4}
        assert receiver.stats().adds_up
        assert streamer.stats().adds_up


def test_a_farewell_that_is_lost_only_costs_time(monkeypatch: pytest.MonkeyPatch) -> None:
    say = near_desk.NearDesk._say

    def mute(desk: near_desk.NearDesk, peer: bytes, said: near.Down) -> None:
        if not isinstance(said, near.End):
            say(desk, peer, said)

    monkeypatch.setattr(near_desk.NearDesk, "_say", mute)
    monkeypatch.setattr(near_source, "_LOST_NS", 300_000_000)
    test_a_streamer_that_stops_tells_of_what_nobody_worked_on()


def test_what_strangers_send_disturbs_nobody(runtime: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, functions.doubled),
        reading(receiver) as reader,
    ):
        place = near.Place("anon:1:1:" + "0" * 32, 5, 100)
        join = near.pack(near.Join(near.VERSION, 1, "none", os.getpid(), 1, 1, 100))
        parts: list[list[bytes]] = [
            [b""],
            [b"nonsense", b"more", b"and more", b"and more"],
            [near.pack(near.Done(0))],
            [join],
            [near.pack(near.Join(99, 2, "none", 1, 1, 1, 100))],
            [near.pack(near.Done(7)), b"more"],
            [near.pack(near.Back(10**15, 5))],
            [near.pack(near.Result("x", 1, 2, b"no head", None)), b"pixels"],
            [near.pack(near.Result("y", 1, 2, b"no head", place))],
            [near.pack(near.Result("z", 1, 2, b"no head", near.Place("../../etc/passwd", 5, 100)))],
            [near.pack(near.Leave())],
        ]
        context = zmq.Context()
        for each in (streamer.address, receiver.address):
            for kind in ("work", "drain"):
                with context.socket(zmq.DEALER) as rogue:
                    rogue.setsockopt(zmq.LINGER, 500)
                    rogue.connect(f"ipc://{runtime / each.removeprefix('shm://')}+{kind}")
                    for _ in range(3):
                        for message in parts:
                            rogue.send_multipart(message)
        context.term()
        for _ in range(20):
            streamer.send(small())
        assert numbers(reader.take(20)) == list(range(20))
        assert receiver.stats().adds_up
    assert not caplog.records


def test_nothing_of_it_is_left_in_the_folder_of_sockets_but_how_far_a_receiver_came(runtime: Path) -> None:
    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, functions.as_it_came),
    ):
        streamer.send(small())
        got = next(receiver.frames())
        assert isinstance(got, Frame)
        assert runtime.stat().st_mode & 0o777 == 0o700
    gc.collect()
    assert {each.name.partition("+")[2] for each in runtime.iterdir()} <= {"progress"}


def test_a_send_that_waits_for_room_ends_with_the_streamer() -> None:
    with Streamer(ends.new(), mapreduce=True) as streamer:
        accepted: list[bool] = []

        def send() -> None:
            while not accepted or accepted[-1]:
                accepted.append(streamer.send(small()).accepted)

        thread = threading.Thread(target=send)
        thread.start()
        assert settle(lambda: len(accepted) == 64)
        time.sleep(0.05)
        assert len(accepted) == 64
        streamer.stop()
        thread.join(20)
        assert not thread.is_alive()
        assert streamer.stats().dropped == {"stopped": 1}
