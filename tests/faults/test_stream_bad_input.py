"""A receiver and a streamer that go on, and keep count, whatever their peers send."""

from __future__ import annotations

import os
import pickle
import random
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import zmq

from rushes import Depot, Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire.flow import Gap
from rushes.wire.message import MAX_HEADER_BYTES
from rushes.wire.zmq_sockets import MAX_PART_BYTES
from tests.support.stream_ledger import joined, lost, plain
from tests.support.stream_rogue import PIXELS, SHAPE, Rogue, fields, frame, jpeg, resized, rogue
from tests.unit.wire.messages import forged

pytestmark = pytest.mark.timeout(100)  # an item that never comes is waited for without a limit
Parts = list[bytes]


@pytest.fixture
def peer() -> Iterator[Rogue]:
    with rogue() as made:
        yield made


@pytest.fixture
def receiver(peer: Rogue) -> Iterator[Receiver]:
    with Receiver(f"{peer.address}?shm=no") as made:
        peer.joined()
        yield made


class Evil:
    def __reduce__(self) -> Any:
        return os.abort, ()


def packed(**changes: Any) -> bytes:
    return b"p" + msgspec.msgpack.encode(fields(**changes))


def first(**changes: Any) -> bytes:
    return forged(frame(1, **changes))


UNREADABLE: dict[str, Parts] = {
    "a pickle": [b"p" + pickle.dumps(Evil()), PIXELS],
    "a pickle alone": [b"p" + pickle.dumps(Evil())],
    "a pickle as pixels of a pickle": [b"p" + pickle.dumps(Evil()), pickle.dumps(Evil())],
    "random bytes": [b"p" + random.Random(1).randbytes(200), random.Random(2).randbytes(5000)],
    "a topic alone": [b"p"],
    "empty parts": [b"p", b""],
    "one part": [first()],
    "three parts": [first(), PIXELS, b""],
    "a thousand parts": [b"p"] * 1000,
    "a truncated header": [first()[:30], PIXELS],
    "a header cut by one byte": [first()[:-1], PIXELS],
    "a byte after the header": [first() + b"\x00", PIXELS],
    "a header that is too long": [first() + bytes(MAX_HEADER_BYTES), PIXELS],
    "an array that is declared endless": [b"p\xdd\xff\xff\xff\xff", PIXELS],
    "nested without end": [b"p" + b"\x91" * 8000, PIXELS],
    "another version": [packed(version=2), PIXELS],
    "a version that is no number": [packed(version="one"), PIXELS],
    "a field too many": [b"p" + msgspec.msgpack.encode([*fields(), "more"]), PIXELS],
    "a mapping": [b"p" + msgspec.msgpack.encode({"version": 1, "number": 1}), PIXELS],
    "a negative number": [packed(number=-1), PIXELS],
    "an unknown codec": [packed(codec="exe"), PIXELS],
    "a dtype of objects": [packed(dtype="O"), PIXELS],
    "metadata of lists": [packed(meta={"a": [1]}), PIXELS],
    "too many figures": [packed(figures=[{"kind": "box"}] * 65), PIXELS],
}

CONTRADICTORY: dict[str, Parts] = {
    "a payload too short": [first(), PIXELS[:-1]],
    "a payload too long": [first(), PIXELS + b"x"],
    "a payload that is missing": [first(), b""],
    "a giant shape": [packed(shape=[2**31 - 1, 2**31 - 1, 3]), PIXELS],
    "a giant shape of nothing": [packed(shape=[2**31 - 1, 2**31 - 1, 0], length=0), b""],
    "a giant JPEG": [packed(codec="jpeg", shape=[65500, 65500, 3], length=10), bytes(10)],
    "five dimensions": [packed(shape=[1, 1, 48, 64, 3]), PIXELS],
    "a JPEG of no bytes": [packed(codec="jpeg", length=0), b""],
    "a format that nobody knows": [packed(format="exe"), PIXELS],
    "a descriptor under the topic of pixels": [packed(codec="shm", length=0), b""],
}


@pytest.mark.parametrize("name", [*UNREADABLE, *CONTRADICTORY])
def test_a_message_that_is_none_is_refused_and_counted(name: str, peer: Rogue, receiver: Receiver) -> None:
    items: Iterator[Any] = receiver.frames()
    peer.good(0)
    assert next(items).number == 0
    peer.raw(*{**UNREADABLE, **CONTRADICTORY}[name])
    peer.good(1, 2)
    assert [next(items).number, next(items).number] == [1, 2]
    counts = plain(receiver.stats())
    assert (counts["refused"], counts["expected"], counts["delivered"], lost(counts)) == (1, 3, 3, 0)


BAD: dict[str, Callable[[], tuple[dict[str, Any], bytes]]] = {
    "a JPEG that is none": lambda: ({"codec": "jpeg"}, bytes(500)),
    "a JPEG that breaks off": lambda: ({"codec": "jpeg"}, jpeg()[: len(jpeg()) // 2]),
    "a header of JPEG alone": lambda: ({"codec": "jpeg"}, jpeg()[:20]),
    "a JPEG smaller than announced": lambda: ({"codec": "jpeg", "shape": (96, 128, 3)}, jpeg()),
    "a JPEG larger than announced": lambda: ({"codec": "jpeg", "shape": (2, 2, 3)}, jpeg()),
    "a JPEG of a bomb's size": lambda: ({"codec": "jpeg"}, resized(jpeg(), 65000, 65000)),
    "a JPEG announced as floats": lambda: ({"codec": "jpeg", "dtype": "f4"}, jpeg()),
    "a JPEG of five channels": lambda: ({"codec": "jpeg", "shape": (48, 64, 5)}, jpeg()),
    "raw whose format is of another shape": lambda: ({"format": "bgr24", "shape": (48 * 64 * 3,)}, PIXELS),
    "bools of other bytes than 0 and 1": lambda: ({"dtype": "bool"}, bytes([7]) * len(PIXELS)),
    "H.264 that is none": lambda: ({"codec": "h264"}, random.Random(3).randbytes(500)),
    "a figure that is none": lambda: ({"figures": [{"kind": "bomb"}]}, PIXELS),
    "a figure that lies nowhere": lambda: (
        {"figures": [{"kind": "box", "x": float("nan"), "y": 0, "w": 0, "h": 0}]},
        PIXELS,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_frame_that_cannot_be_shown_is_a_gap_and_counted(
    name: str, peer: Rogue, receiver: Receiver
) -> None:
    items: Iterator[Any] = receiver.frames()
    changes, payload = BAD[name]()
    peer.good(0)
    peer.send(frame(1, payload, **changes), payload)
    peer.good(2)
    got = [next(items), next(items), next(items)]
    assert [each if isinstance(each, Gap) else each.number for each in got] == [0, Gap(1, 1, "bad"), 2]
    counts = plain(receiver.stats())
    assert (counts["expected"], counts["delivered"], counts["dropped"]) == (3, 2, {"bad": 1})


def test_a_part_over_the_limit_costs_a_connection_and_no_more(peer: Rogue, receiver: Receiver) -> None:
    items: Iterator[Any] = receiver.frames()
    peer.good(0)
    assert next(items).number == 0
    peer.raw(b"p", bytes(MAX_PART_BYTES + 1))
    peer.joined()
    peer.good(1)
    assert next(items).number == 1
    assert receiver.stats().refused == 1


def test_a_flood_of_junk_hides_no_good_frame(peer: Rogue, receiver: Receiver) -> None:
    items: Iterator[Any] = receiver.frames()
    chance = random.Random(4)
    for number in range(20):
        for _ in range(50):
            peer.raw(b"p" + chance.randbytes(60), chance.randbytes(60))
        peer.good(number)
        assert next(items).number == number
    counts = plain(receiver.stats())
    assert (counts["refused"], counts["delivered"], lost(counts)) == (1000, 20, 0)


def test_numbers_may_leap_by_all_there_are(peer: Rogue, receiver: Receiver) -> None:
    items: Iterator[Any] = receiver.frames(max_wait_s=0.05)
    peer.good(0, 2**63 - 1)
    got = [next(items), next(items), next(items)]
    assert [each if isinstance(each, Gap) else each.number for each in got] == [
        0,
        Gap(1, 2**63 - 2, "wire"),
        2**63 - 1,
    ]
    counts = plain(receiver.stats())
    assert counts["expected"] == 2**63 == counts["delivered"] + lost(counts)


def memory() -> int:
    """What this process has in memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_a_run_and_a_track_for_each_message_fill_no_memory(peer: Rogue, receiver: Receiver) -> None:
    items: Iterator[Any] = receiver.frames(max_wait_s=0.05)
    before = 0
    for run in range(1200):
        peer.send(frame(5, run=run, track=f"{run:06}" * 1000), PIXELS)
        assert next(items).number == 5
        if run == 200:
            before = memory()
    # A thousand such names alone are 6 MB.
    assert memory() - before < 4 << 20
    counts = plain(receiver.stats())
    assert (counts["expected"], counts["delivered"], counts["runs"]) == (1200, 1200, 1200)


PLACES: list[dict[str, Any]] = [
    {},
    {"depot": "nowhere-at-all", "after": -1},
    {"depot": "../../etc/passwd", "after": -1},
    {"depot": "", "after": -1},
    {"depot": "a\x00b", "after": -1},
    {"depot": 7, "after": -1},
    {"depot": "x" * 3000, "after": -1},
    {"depot": "nowhere-at-all", "after": 2**63},
    {"depot": "nowhere-at-all", "after": "all"},
]


@pytest.mark.parametrize("place", PLACES)
def test_pixels_are_asked_for_when_they_lie_nowhere_on_this_machine(peer: Rogue, place: Any) -> None:
    with Receiver(peer.address) as receiver:
        peer.joined(b"d")
        peer.raw(forged(frame(0, b"", codec="shm", shape=(), format="", meta=place))[:1].replace(b"p", b"d"))
        peer.raw(forged(frame(0, b"", codec="shm", shape=(), format="", meta=place)), b"")
        peer.joined()
        peer.good(0)
        items: Iterator[Any] = receiver.frames()
        assert next(items).number == 0
        assert plain(receiver.stats())["refused"] == 1


def test_a_sender_that_names_one_depot_after_another_starts_no_crowd_of_threads(peer: Rogue) -> None:
    with (
        Depot.create(shape=SHAPE) as one,
        Depot.create(shape=SHAPE) as other,
        Receiver(peer.address) as receiver,
    ):
        peer.joined(b"d")
        before = threading.active_count()
        for each in [one, other] * 100:
            meta = {"depot": each.name, "after": -1}
            peer.raw(forged(frame(0, b"", codec="shm", shape=(), format="", meta=meta)), b"")
        other.put(np.full(SHAPE, 7, np.uint8))
        one.put(np.full(SHAPE, 7, np.uint8))
        items: Iterator[Any] = receiver.frames()
        assert next(items).array[0, 0, 0] == 7
        for _ in range(50):
            assert threading.active_count() < before + 10
            time.sleep(0.01)
        one.unlink()
        other.unlink()


def junk(chance: random.Random) -> Iterator[Parts]:
    """What no receiver sends upstream."""
    yield [b"k"] * 1000
    yield [b"\x01"]
    yield [b"\x00nothing"]
    for size in (0, 1, 10, 1000, 1_000_000):
        yield [chance.randbytes(size)]
    for number in range(2000):
        yield [b"\x01" + number.to_bytes(4, "big") + bytes(100)]
        yield [b"k"]
    yield [b"\x01" + bytes(100_000)]
    yield [b"k" + pickle.dumps(Evil())]


@pytest.mark.parametrize("codec", ["raw", "h264"])
def test_junk_from_a_receiver_troubles_no_other(codec: str) -> None:
    with (
        Streamer("tcp://127.0.0.1:0", codec=codec) as streamer,
        Receiver(f"{streamer.address}?shm=no") as receiver,
        zmq.Context() as context,
        context.socket(zmq.XSUB) as peer,
    ):
        peer.linger = 0
        peer.sndtimeo = 20_000
        items: Iterator[Any] = receiver.frames()
        joined(streamer)
        peer.connect(streamer.address)
        chance = random.Random(5)
        got = []
        for number, parts in enumerate(junk(chance)):
            peer.send_multipart(parts)
            if number % 200 == 0:
                assert streamer.send(Frame(np.full(SHAPE, 7, np.uint8))).accepted
                got.append(next(items))
        assert [each.number for each in got] == list(range(len(got)))
        counts = plain(streamer.stats())
        assert counts["offered"] == counts["sent"] + lost(counts) + counts["waiting"]
        assert not lost(counts)
