from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rushes.errors import ClosedError, ConfigError
from rushes.figures import Box
from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support.streams import Reading, at_rest, eventually, joined, picture

FRAMES: dict[str, tuple[str, NDArray[Any]]] = {
    "bgr24": ("bgr24", picture()),
    "rgb24": ("rgb24", picture(seed=3)),
    # JPEG has no alpha: what comes out of it is opaque.
    "bgra": ("bgra", np.dstack([picture(), np.full((48, 64), 255, np.uint8)])),
    "gray8": ("gray8", picture(channels=1)),
    "gray8 with a channel": ("gray8", picture(channels=1)[..., None]),
    "i420": ("i420", np.full((72, 64), 128, np.uint8)),
    "float32": ("array", np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 4, 5)),
    "uint16": ("array", np.arange(600, dtype=np.uint16).reshape(20, 30)),
    "not in a row": ("bgr24", picture(96, 128)[::2, ::2]),
}
WAYS = ["ipc://round", "ipc://round?shm=no", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0?shm=no", "shm://round"]


def connect(streamer: Streamer, way: str) -> Receiver:
    address = streamer.address
    query = way.partition("?")[2]
    return Receiver(f"{address}?{query}" if query and "?" not in address else address)


@pytest.mark.parametrize("codec", ["raw", "jpeg"])
@pytest.mark.parametrize("way", WAYS)
def test_every_format_makes_the_round(way: str, codec: str) -> None:
    with (
        Streamer(way, codec=codec, quality=95, when_full="block") as streamer,
        connect(streamer, way) as receiver,
    ):
        if way.startswith("shm"):
            streamer.send(np.zeros((96, 128, 3), np.uint8))
        joined(streamer)
        reading = Reading(receiver.frames())
        for number, (format, array) in enumerate(FRAMES.values(), start=100):
            assert streamer.send(Frame(array, number, format=format)).accepted
        eventually(lambda: reading.numbers[-1:] == [99 + len(FRAMES)], f"{reading.got}")
        got = {frame.number: frame for frame in reading.frames}
        for number, (name, (format, array)) in enumerate(FRAMES.items(), start=100):
            frame = got[number]
            assert (frame.format, frame.shape, frame.array.dtype) == (format, array.shape, array.dtype), name
            exact = codec == "raw" or "shm=no" not in way or format == "array"
            if exact:
                assert np.array_equal(frame.array, array), name
            else:
                assert np.abs(frame.array.astype(int) - array).max() <= 24, name
        assert receiver.stats().adds_up
        at_rest(streamer)


@pytest.mark.parametrize(
    "way",
    [
        "ipc://single",
        "ipc://single?shm=no",
    ],
)
@pytest.mark.parametrize("array", [np.array(7.5), np.zeros((0, 4))], ids=["no dimensions", "no numbers"])
def test_odd_arrays_go_every_way_or_none(way: str, array: NDArray[Any]) -> None:
    with Streamer(way) as streamer, Receiver(way) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        streamer.send(array)
        reading.wait(1)
        assert np.array_equal(reading.frames[0].array, array)


@pytest.mark.parametrize("attempt", range(10))
def test_the_newest_of_a_burst_is_received_or_told_as_lost(attempt: int) -> None:
    way = f"ipc://burst{attempt}?shm=no"
    with Streamer(way) as streamer, Receiver(way) as receiver:
        joined(streamer)
        reading = Reading(receiver.frames())
        for _ in range(12):
            streamer.send(picture())
        newest = at_rest(streamer).offered - 1
        eventually(lambda: newest in reading.numbers or receiver.stats().expected == newest + 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_jpeg_comes_out_as_a_picture(way: str) -> None:
    from rushes.codecs import jpeg

    data = jpeg.encode(picture(), "bgr24", 95)
    with Streamer(way) as streamer, connect(streamer, way) as receiver:
        if way.startswith("shm"):
            streamer.send(picture())
        joined(streamer)
        reading = Reading(receiver.frames())
        streamer.send(Frame(data, 50, format="jpeg"))
        eventually(lambda: 50 in reading.numbers)
        frame = reading.frames[-1]
        assert frame.format == "bgr24"
        assert np.array_equal(frame.array, jpeg.decode(np.frombuffer(data, np.uint8)))


@pytest.mark.parametrize("way", WAYS)
def test_what_is_known_of_a_frame_is_kept(way: str) -> None:
    figure = Box(0.25, 0.5, 0.125, 0.25, label="a face")
    sent = Frame(
        picture(), 7, captured_ns=1_700_000_000_123_456_789, channel="door", track="left", figures=[figure],
        meta={"speed": 1.5, "text": "é", "none": None, "yes": True},
    )  # fmt: skip
    with Streamer(way) as streamer, connect(streamer, way) as receiver:
        if way.startswith("shm"):
            streamer.send(picture())
        joined(streamer)
        reading = Reading(receiver.frames(track="left"))
        streamer.send(sent, meta={"more": 3, "speed": 2})
        reading.wait(1)
        (frame,) = reading.frames
        assert (frame.number, frame.captured_ns, frame.channel, frame.track) == (
            7,
            sent.captured_ns,
            "door",
            "left",
        )
        assert frame.meta == {"speed": 2, "text": "é", "none": None, "yes": True, "more": 3}
        assert frame.figures == (figure,)


def test_the_handler_is_iterated_and_called() -> None:
    with Streamer("ipc://handled") as streamer, Receiver("ipc://handled") as receiver:
        joined(streamer)
        called = receiver.handler(timeout=0)
        assert next(called) is None
        streamer.send(Frame(picture(), 3, captured_ns=5_500_000_000, meta={"a": 1}))
        item = next(receiver.handler)
        assert np.array_equal(item.pop("arr"), picture())
        assert item == {"meta": {"a": 1}, "ftime": 5.5, "fno": 3, "track": "none"}
        streamer.send(picture())
        eventually(lambda: (found := next(called)) is not None and found["fno"] == 4)
        iterating = Reading(iter(receiver.handler))
        receiver.stop()
        assert iterating.ended()
        assert iterating.failed is None
        assert list(called) in ([], [None])


def test_use_before_the_start_and_after_the_end_is_an_error() -> None:
    receiver = Receiver("ipc://nobody")
    for use in (lambda: receiver.handler, receiver.frames):
        with pytest.raises(ConfigError, match="start"):
            use()
    assert receiver.start() is receiver
    assert receiver.start() is receiver
    with pytest.raises(ConfigError, match="timeout"):
        receiver.handler(timeout=-1)
    for wait in (-1, float("nan"), 1e9):
        with pytest.raises(ConfigError, match="max_wait_s"):
            receiver.frames(max_wait_s=wait)
    receiver.stop()
    with pytest.raises(ConfigError, match="start"):
        receiver.frames()
    receiver.close()
    receiver.close()
    with pytest.raises(ClosedError):
        receiver.start()
    with pytest.raises(ClosedError):
        receiver.frames()


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        ("http://a", {}),
        ("nats://127.0.0.1:4222/a.b", {}),
        ("ipc://a", {"nproc": 0}),
        ("ipc://a", {"nproc": "2"}),
        ("shm://a", {"keys": "somewhere"}),
    ],
)
def test_what_cannot_be_had_is_said_at_once(endpoint: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Receiver(endpoint, **options)


@pytest.mark.parametrize("endpoint", ["tcp://*:5555", "tcp://127.0.0.1:0"])
def test_an_address_nobody_can_connect_to_is_said_at_the_start_and_leaves_nothing(endpoint: str) -> None:
    receiver = Receiver(endpoint)
    with pytest.raises(ConfigError):
        receiver.start()
    receiver.close()
