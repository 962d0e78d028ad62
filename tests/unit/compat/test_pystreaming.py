"""Programs written for pystreaming run after changing their import line."""

from __future__ import annotations

import inspect
import itertools
import os
import threading

import numpy as np
import pytest
import zmq

from rushes import stream
from rushes.compat import pystreaming as door
from rushes.errors import ClosedError, ConfigError

PATIENCE_S = 20.0
PATIENCE_MS = 1000 * PATIENCE_S
NUMBERS = itertools.count()


@pytest.fixture
def endpoint():
    return f"ipc://test-door-{os.getpid()}-{next(NUMBERS)}"


class Steady:
    """Calls ``do(number)`` over and over, on a thread, until the end of the block."""

    def __init__(self, do):
        self._do, self._over = do, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        for number in itertools.count():
            self._do(number)
            if self._over.wait(0.005):
                return

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def gray(number):
    return np.full((48, 64, 3), number % 256, np.uint8)


def some(handler, count, timeout=PATIENCE_MS):
    """So many items of a handler; fails instead of waiting for ever."""
    return list(itertools.islice(handler(timeout=timeout), count))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (door.Streamer, ["endpoint", "tracks", "nproc", "mapreduce"]),
        (door.Streamer.send, ["self", "frame", "meta"]),
        (door.Streamer.testcard, ["self", "card", "animated"]),
        (door.Receiver, ["endpoint", "nproc", "mapreduce"]),
        (door.Worker, ["source", "drain", "track", "reqthread", "decproc"]),
        (door.Worker.send, ["self", "data"]),
        (door.AudioStreamer, ["endpoint"]),
        (door.AudioStreamer.send, ["self", "arr", "meta"]),
        (door.AudioReceiver, ["endpoint"]),
        (door.AudioReceiver.recv, ["self", "timeout"]),
        (door.buffer, ["bufferlen", "handlers"]),
        (door.dispfps, ["handler", "n", "write"]),
        (door.display, ["frame", "BGR"]),
        (door.loadimage, ["card"]),
    ],
)
def test_arguments_have_their_documented_names_and_order(call, words):
    parameters = inspect.signature(call).parameters.values()
    assert [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD] == words


def test_documented_defaults():
    def defaults(call):
        parameters = inspect.signature(call).parameters
        return {name: each.default for name, each in parameters.items() if each.default is not each.empty}

    assert defaults(door.Streamer).items() >= {"tracks": None, "nproc": 2, "mapreduce": False}.items()
    assert defaults(door.Receiver).items() >= {"nproc": 2, "mapreduce": False}.items()
    assert defaults(door.Worker).items() >= {"track": "none", "reqthread": 3, "decproc": 2}.items()
    assert defaults(door.dispfps) == {"n": 100, "write": False}
    assert defaults(door.display) == {"BGR": True}
    assert defaults(door.send) == {"arr": None, "buf": None, "flags": 0}
    assert defaults(door.recv) == {"arr": False, "buf": False, "flags": 0}


def test_what_needs_no_door_is_the_real_thing():
    for name in {*door.__all__} - {"Streamer", "Receiver", "Worker", "AudioStreamer", "AudioReceiver"}:
        assert getattr(door, name) is getattr(stream, name)
    cards = door.TEST_S, door.TEST_M, door.TEST_L, door.IMAG_S, door.IMAG_M, door.IMAG_L
    assert cards == (0, 1, 2, 3, 4, 5)


def test_a_stream_between_two_programs(endpoint):
    with (
        door.Streamer(endpoint) as streamer,
        door.Receiver(endpoint) as receiver,
        Steady(lambda number: streamer.send(gray(number))),
    ):
        items = some(receiver.handler, 20)
    assert {"arr", "meta", "ftime", "fno"} <= set(items[0])
    assert [each["fno"] for each in items] == sorted({each["fno"] for each in items})
    assert [each["ftime"] for each in items] == sorted(each["ftime"] for each in items)


def test_with_blocks_and_starts_follow_one_another(endpoint):
    streamer, receiver = door.Streamer(endpoint), door.Receiver(endpoint)
    for _ in range(3):
        with streamer, receiver:
            assert streamer.started
            assert receiver.started
            with Steady(lambda number: streamer.send(gray(number))):
                assert all(some(receiver.handler, 5))
            # Each start counts from 0 again: those numbers are not to be taken for the ones before.
            assert receiver.stats().duplicates == 0
        assert not streamer.started
        assert not receiver.started
    streamer.start()
    assert streamer.started
    streamer.stop()
    streamer.close()
    with pytest.raises(ClosedError):
        streamer.start()


def test_work_is_dealt_out_and_its_results_collected(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    streamer = door.Streamer("tcp://127.0.0.1:0", tracks=["edges"], mapreduce=True).start()
    receiver = door.Receiver("tcp://127.0.0.1:0", mapreduce=True).start()
    worker = door.Worker(streamer.address, receiver.address, track="edges")

    def invert():
        for data in worker.handler:
            data["arr"] = 255 - data["arr"]
            data["meta"] = {"by": "worker"}
            worker.send(data)

    with worker:
        thread = threading.Thread(target=invert)
        thread.start()
        for number in range(20):
            streamer.send(gray(number))
        items = some(receiver.handler, 20)
        worker.stop()
        thread.join(PATIENCE_S)
    with worker:
        again = worker.stats().delivered
    for each in (worker, receiver, streamer):
        each.close()
    assert [each["fno"] for each in items] == list(range(20))
    # Coded and decoded twice on the way.
    assert all(abs(each["arr"].mean() - 255 + each["fno"]) < 4 for each in items)
    assert all((each["meta"], each["track"]) == ({"by": "worker"}, "edges") for each in items)
    assert again == 20


def test_iterating_the_handler_ends_at_the_stop(endpoint):
    with door.Streamer(endpoint) as streamer, door.Receiver(endpoint) as receiver:
        seen = []
        with Steady(lambda number: streamer.send(gray(number))):
            for data in door.dispfps(receiver.handler, n=5, write=True):
                seen.append(data["arr"].shape)
                if len(seen) == 10:
                    receiver.stop()
    assert len(seen) >= 10
    assert set(seen) == {(48, 64, 3)}


def test_handlers_may_be_had_before_the_start(endpoint):
    streamer, receiver = door.Streamer(endpoint), door.Receiver(endpoint)
    worker = door.Worker("tcp://127.0.0.1:9", "tcp://127.0.0.1:9")
    merged = door.buffer(0.05, {"video": receiver.handler})
    single = receiver.handler
    for handler in (single, worker.handler):
        with pytest.raises(ConfigError, match="not started"):
            next(handler)
        with pytest.raises(ConfigError, match="not started"):
            next(handler(timeout=0))
    assert not worker.started
    with streamer, receiver, Steady(lambda number: streamer.send(frame=gray(number))):
        assert next(single)["arr"].shape == (48, 64, 3)
        assert [name for name, _ in itertools.islice(merged, 5)] == ["video"] * 5
        merged.close()
    for each in (worker, receiver, streamer):
        each.close()
    with pytest.raises(ClosedError):
        receiver.handler  # noqa: B018


def test_video_and_sound_come_in_one_order(endpoint):
    sound = f"{endpoint}-sound"
    with (
        door.Streamer(endpoint) as streamer,
        door.Receiver(endpoint) as receiver,
        door.AudioStreamer(sound) as speaker,
        door.AudioReceiver(sound) as listener,
    ):
        assert (speaker.endpoint, listener.endpoint) == (sound, sound)

        def both(number):
            streamer.send(gray(number))
            speaker.send(np.full(160, number, np.int16))

        with Steady(both):
            merged = door.buffer(0.05, {"video": receiver.handler, "audio": listener.handler})
            items = list(itertools.islice(merged, 40))
        assert {name for name, _ in items} == {"video", "audio"}
        assert [data["ftime"] for _, data in items] == sorted(data["ftime"] for _, data in items)
        assert speaker.fno == speaker.stats().offered


def test_sound_is_waited_for_in_milliseconds(endpoint):
    speaker, listener = door.AudioStreamer(endpoint), door.AudioReceiver(endpoint)
    try:
        with pytest.raises(TimeoutError, match="within 20 ms"):
            listener.recv(timeout=20)
        with Steady(lambda number: speaker.send(np.full(160, number, np.int16))):
            assert listener.recv(PATIENCE_MS)["arr"].shape == (160,)
    finally:
        listener.close()
        speaker.close()


def test_a_test_card_starts_the_streamer_and_is_seen(endpoint):
    streamer = door.Streamer(endpoint)
    thread = threading.Thread(target=streamer.testcard, args=(door.TEST_S, True))
    with door.Receiver(endpoint) as receiver:
        thread.start()
        (item,) = some(receiver.handler, 1)
        streamer.stop()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert item["arr"].shape == (480, 640, 3)
    streamer.close()


def test_single_items_over_sockets_of_the_users_own():
    with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as other:
        other.bind("inproc://items")
        one.connect("inproc://items")
        door.send(socket=one, fno=7, ftime=1.5, meta=None, arr=gray(7), buf=b"coded")
        item = door.recv(socket=other, arr=True, buf=True)
    assert (item["fno"], item["ftime"], item["meta"], bytes(item["buf"])) == (7, 1.5, None, b"coded")
    assert np.array_equal(item["arr"], gray(7))


def test_an_address_that_others_reach_needs_keys_or_a_word():
    with pytest.raises(ConfigError, match="keys"):
        door.Streamer("tcp://*:5599").start()
    with pytest.raises(ConfigError, match="keys"):
        door.AudioStreamer("tcp://*:5599")
