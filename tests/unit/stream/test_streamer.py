from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushes.errors import ClosedError, ConfigError, FrameError, UnknownName, WireError
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support.streams import Reading, at_rest, eventually, joined, picture, send


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        ("nats://127.0.0.1:4222/a", {"when_full": "block"}),
        ("nats://127.0.0.1:4222/a.b", {}),
        ("tls://127.0.0.1:4222/a", {"keys": "nowhere"}),
        ("tcp://127.0.0.1", {}),
        ("ipc://a/b", {}),
        ("ipc://a?shm=perhaps", {}),
        ("ipc://a", {"tracks": "none"}),
        ("ipc://a", {"tracks": []}),
        ("ipc://a", {"tracks": ["a", "a"]}),
        ("ipc://a", {"tracks": [""]}),
        ("ipc://a", {"nproc": 0}),
        ("ipc://a", {"nproc": 2.0}),
        ("ipc://a", {"nproc": True}),
        ("ipc://a", {"quality": 0}),
        ("ipc://a", {"quality": 101}),
        ("shm://a", {"keys": "somewhere"}),
    ],
)
def test_what_cannot_be_had_is_said_at_once(endpoint: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Streamer(endpoint, **options)


@pytest.mark.parametrize(
    ("endpoint", "options", "names"),
    [
        ("http://a", {}, "tcp"),
        ("ipc://a?speed=1", {}, "hwm"),
        ("ipc://a", {"codec": "jpg"}, "jpeg"),
        ("ipc://a", {"when_full": "drop"}, "drop_oldest"),
    ],
)
def test_a_name_that_is_not_known_is_answered_with_those_that_are(
    endpoint: str, options: dict[str, Any], names: str
) -> None:
    with pytest.raises(UnknownName, match=names):
        Streamer(endpoint, **options)


def test_use_before_the_start_and_after_the_end_is_an_error() -> None:
    streamer = Streamer("ipc://misuse")
    for use in (lambda: streamer.send(picture()), lambda: streamer.address):
        with pytest.raises(ConfigError, match="start"):
            use()
    assert streamer.start() is streamer
    assert streamer.start() is streamer
    assert streamer.address == "ipc://misuse"
    streamer.stop()
    streamer.stop()
    with pytest.raises(ConfigError, match="start"):
        streamer.send(picture())
    streamer.close()
    streamer.close()
    for gone in (lambda: streamer.send(picture()), streamer.start):
        with pytest.raises(ClosedError):
            gone()
    assert streamer.stats().adds_up


def test_an_address_that_is_taken_is_an_error_and_the_other_end_goes_on() -> None:
    with Streamer("tcp://127.0.0.1:0") as first:
        assert not first.address.endswith(":0")
        with pytest.raises(WireError):
            Streamer(first.address).start()
        with Receiver(first.address) as receiver:
            joined(first)
            reading = Reading(receiver.frames())
            send(first, 1)
            reading.wait(1)


def test_an_address_open_to_others_needs_keys() -> None:
    with pytest.raises(ConfigError, match="keys"):
        Streamer("tcp://*:0").start()


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (np.array([object()]), FrameError),
        (np.zeros((1, 1, 1, 1, 1), np.uint8), FrameError),
        (np.array(["text"]), FrameError),
        ([1, 2, 3], ConfigError),
        (None, ConfigError),
        (Frame(np.zeros((2, 2), np.uint8), 2**63, format="gray8"), FrameError),
    ],
)
@pytest.mark.parametrize("endpoint", ["ipc://odd", "shm://odd"])
def test_what_cannot_be_sent_is_said_at_the_call_and_the_stream_goes_on(
    endpoint: str, frame: Any, error: type[Exception]
) -> None:
    with Streamer(endpoint) as streamer:
        with pytest.raises(error):
            streamer.send(frame)
        assert streamer.send(picture()).number == 0
        assert at_rest(streamer).offered == 1


@pytest.mark.parametrize("meta", [{"a": [1]}, {1: "a"}, {"a": "x" * 5000}, {"a": 2**70}, {"a": picture()}])
def test_meta_that_cannot_travel_is_said_at_the_call(meta: dict[Any, Any]) -> None:
    with Streamer("ipc://meta") as streamer, pytest.raises(ConfigError, match="meta"):
        streamer.send(picture(), meta=meta)


@pytest.mark.parametrize("meta", [5, [1], "text"])
def test_meta_that_is_no_mapping_is_said_at_the_call(meta: Any) -> None:
    with Streamer("ipc://meta") as streamer, pytest.raises(ConfigError, match="meta"):
        streamer.send(picture(), meta=meta)


def test_without_a_receiver_frames_are_counted_as_such_and_nothing_waits() -> None:
    with Streamer("ipc://alone") as streamer:
        send(streamer, 3)
        stats = at_rest(streamer)
    assert (stats.offered, stats.sent, stats.dropped) == (3, 0, {"no receiver": 3})


def test_tracks_that_were_named_are_the_only_ones() -> None:
    with Streamer("ipc://tracks", ["left", "right"]) as streamer, Receiver("ipc://tracks") as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        streamer.send(picture())
        streamer.send(Frame(picture(), track="right"))
        with pytest.raises(UnknownName, match="left"):
            streamer.send(Frame(picture(), track="up"))
        assert [(each.track, each.number) for each in reading.wait(2)] == [("left", 0), ("right", 0)]


@pytest.mark.parametrize("endpoint", ["ipc://changed", "ipc://changed?shm=no", "shm://changed"])
@pytest.mark.parametrize("codec", ["raw", "jpeg"])
def test_an_array_may_be_changed_as_soon_as_it_was_sent(endpoint: str, codec: str) -> None:
    with Streamer(endpoint, codec=codec, when_full="block") as streamer, Receiver(endpoint) as receiver:
        array = np.zeros((480, 640, 3), np.uint8)
        if endpoint.startswith("shm"):
            streamer.send(Frame(array, 0))
        joined(streamer)
        reading = Reading(receiver.frames())
        for shade in range(10, 250, 10):
            array[:] = shade
            streamer.send(Frame(array, shade))
            array[:] = 0
        eventually(lambda: 240 in reading.numbers)
        frames = [frame for frame in reading.frames if frame.number]
        assert len(frames) == 24
        for frame in frames:
            assert frame.number is not None
            assert abs(frame.array.astype(int) - frame.number).max() <= 3


def test_the_array_behind_a_read_only_view_may_be_changed_as_well() -> None:
    with Streamer("ipc://view?shm=no", codec="raw") as streamer, Receiver("ipc://view?shm=no") as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        array = np.full((1080, 1920, 3), 200, np.uint8)
        view = array[:]
        view.flags.writeable = False
        for number in range(5):
            array[:] = 200
            streamer.send(view)
            array[:] = 0
            reading.wait(number + 1)
        assert all(frame.array.min() == 200 for frame in reading.frames)


def test_the_names_and_numbers_of_frames_are_kept_and_those_without_get_one() -> None:
    with Streamer("ipc://named", name="cam1") as streamer, Receiver("ipc://named") as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        numbers = [streamer.send(Frame(picture(), number)).number for number in (7, None, 20)]
        streamer.send(Frame(picture(), channel="own"))
        frames = reading.wait(5)
        assert numbers == [7, 8, 20]
        assert [each.number for each in frames if isinstance(each, Frame)] == [7, 8, 20, 21]
        assert [each.channel for each in frames if isinstance(each, Frame)] == ["cam1"] * 3 + ["own"]
