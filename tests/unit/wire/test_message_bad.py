"""What is not in order is refused as BadMessage, and as nothing else, before it costs anything."""

from __future__ import annotations

import pickle
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest

from rushes.errors import BadMessage
from rushes.figures import Box, to_plain
from rushes.limits import MAX_PIXELS
from rushes.wire.message import MAX_HEADER_BYTES, as_array, figures_of, pack, unpack
from tests.unit.wire.messages import forged, header, parts_of

SOUND = bytes(18)


def refused(parts: list[Any], words: str | None, **limits: int) -> None:
    with pytest.raises(BadMessage, match=words):
        unpack(parts, **limits)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_wherever_it_stands(protocol: int) -> None:
    evil = pickle.dumps({"arr": b"x", "fno": 1, "call": pickle.loads}, protocol)
    for topic in (b"", b"p", b"d"):
        refused([topic + evil, SOUND], None)
        refused([topic + evil, evil], None)
    refused([b"p" + pack(header()), evil], "the payload has")


@pytest.mark.parametrize("count", [0, 1, 3, 9])
def test_another_count_of_parts_is_refused(count: int) -> None:
    refused([b"p"] * count, "two parts")


def test_every_truncation_is_refused() -> None:
    first, second = parts_of(header(meta={"a": "b"}, figures=[to_plain(Box(0, 0, 1, 1))]), SOUND)
    for cut in range(len(first)):
        refused([first[:cut], second], None)
    for cut in range(len(second)):
        refused([first, second[:cut]], "the payload has")
    refused([first, bytes(19)], "the payload has 19")
    refused([bytes(first) + b"x", second], "cannot be read")


def test_a_long_header_is_refused_unread() -> None:
    refused([b"p" + bytes(MAX_HEADER_BYTES + 1), SOUND], "8192 bytes")


def test_a_long_payload_is_refused() -> None:
    given = header(codec="jpeg", length=101)
    unpack(parts_of(given, bytes(101)), max_bytes=101)
    refused(parts_of(given, bytes(101)), "over the limit of 100", max_bytes=100)


@pytest.mark.parametrize("codec", ["jpeg", "raw", "h264", "shm"])
@pytest.mark.parametrize(
    "shape",
    [
        (2**31 - 1, 2**31 - 1, 3),
        (2**31 - 1,) * 4,
        (0, 2**31 - 1, 2**31 - 1),
        (MAX_PIXELS + 1, 1, 3),
        (1, 1, 2**31 - 1),
        (1, MAX_PIXELS + 1),
    ],
)
def test_a_giant_shape_is_refused_whatever_the_codec(shape: tuple[int, ...], codec: str) -> None:
    for length in (0, 18, 2**63 - 1):
        refused([forged(header(codec=codec, shape=shape, length=length)), bytes(18)], "over the limit")


def test_the_limit_of_pixels_is_the_callers() -> None:
    parts = parts_of(header(), SOUND)
    unpack(parts, max_pixels=6)
    refused(parts, "over the limit of 5 pixels", max_pixels=5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "version 2 of the wire; version 1"),
        ({"dtype": "object"}, "dtype 'object'"),
        ({"dtype": "i8"}, "dtype 'i8'"),
        ({"dtype": ">u2"}, "dtype '>u2'"),
        ({"shape": (-1, 2)}, ">= 0"),
        ({"shape": (2**31,)}, "<="),
        ({"shape": (2**70 // 2**7,)}, "<="),
        ({"shape": (1,) * 5}, "length <= 4"),
        ({"shape": (2.5,)}, "int"),
        ({"codec": "pickle"}, "pickle"),
        ({"shape": (3, 3, 3)}, "27 bytes, not 18"),
        ({"dtype": "u2"}, "36 bytes, not 18"),
        ({"codec": "shm"}, "carries no pixels"),
        ({"codec": "jpeg", "length": 0}, "no bytes"),
        ({"length": -1}, ">= 0"),
        ({"number": True}, "int"),
        ({"stream": b"cam"}, "str"),
        ({"meta": {"a": {"b": 1}}}, "object"),
        ({"meta": {"a": b"1"}}, "bytes"),
        ({"meta": {"a": msgspec.msgpack.Ext(1, b"x")}}, "ext"),
        ({"figures": [{"kind": {}}]}, "object"),
        ({"figures": [{}] * 65}, "length <= 64"),
    ],
)
def test_a_header_that_says_something_else_is_refused(changes: dict[str, Any], words: str) -> None:
    refused([forged(header(**changes)), SOUND], words)


def test_another_number_of_fields_is_refused() -> None:
    fields = msgspec.msgpack.decode(forged(header())[1:])
    unpack([b"p" + msgspec.msgpack.encode(fields), SOUND])
    refused([b"p" + msgspec.msgpack.encode([*fields, 1]), SOUND], "length")
    for count in range(len(fields) - 4):
        refused([b"p" + msgspec.msgpack.encode(fields[:count]), SOUND], None)
    # A later version may have more of them, and is told by its number all the same.
    refused([b"p" + msgspec.msgpack.encode([2, *fields[1:], 1]), SOUND], "version 2")
    refused([b"p" + msgspec.msgpack.encode(dict(zip("abc", fields, strict=False))), SOUND], "array")


@pytest.mark.parametrize("topic", [b"d", b"x", b"\x00", b"k"])
def test_another_topic_is_refused(topic: bytes) -> None:
    refused([topic + pack(header()), SOUND], "under the topic")


def test_a_figure_that_is_none_is_a_bad_message() -> None:
    for plain in ({}, {"kind": "blob"}, {"kind": "box", "x": 9.0, "y": 0, "w": 1, "h": 1}, {"kind": "box"}):
        message = unpack([forged(header(figures=[plain])), SOUND])
        with pytest.raises(BadMessage, match="overlay"):
            figures_of(message.header)


def test_bools_that_are_none_are_a_bad_message() -> None:
    message = unpack(parts_of(header(dtype="bool"), b"\x01" * 17 + b"\x02"))
    with pytest.raises(BadMessage, match="other than 0 and 1"):
        as_array(message)


@pytest.mark.parametrize("part", ["text", 5, None, np.zeros((4, 4), np.uint8)[:, 1]])
def test_what_is_no_buffer_is_a_bad_message(part: Any) -> None:
    refused([b"p" + pack(header()), part], "no contiguous run of bytes")
    refused([part, SOUND], "no contiguous run of bytes")


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff" + pack(header())[1:],  # 2**32 - 1 fields
        pack(header()).replace(b"\x93\x02\x03\x03", b"\xdd\xff\xff\xff\xff\x02\x03\x03"),  # as many sides
        pack(header())[:-1] + b"\xdf\xff\xff\xff\xff",  # as many entries of meta
        pack(header())[:-2] + b"\xdd\xff\xff\xff\xff\x80",  # as many figures
        pack(header()).replace(b"\xa3cam", b"\xdb\xff\xff\xff\xffcam"),  # a text of as many bytes
        pack(header())[:-2] + b"\x91\x81\xa1p\xdd\xff\xff\xff\xff\x80",  # as many points
        b"\x91" * 8000,  # nested as deep as there is room
        pack(header())[:-1] + b"\x81\xa1a" + b"\x91" * 7000,
        b"\x92\x02" + b"\x91" * 8000,  # in a field that only another version has
    ],
    ids=["fields", "sides", "meta", "figures", "text", "points", "deep", "deep meta", "deep version"],
)
def test_a_declared_size_takes_no_memory(data: bytes) -> None:
    parts = [b"p" + data, SOUND]
    refused(parts, None)  # once before, so that what is imported on the way is not counted
    tracemalloc.start()
    try:
        refused(parts, None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
