"""What is packed comes out again, without a copy; what a receiver would refuse cannot be packed."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rushes.errors import ConfigError, FrameError
from rushes.figures import Box, Line, Polygon, Text, to_plain
from rushes.wire.message import (
    ITEM_SIZES,
    MAX_FIGURES,
    MAX_HEADER_BYTES,
    MAX_META_BYTES,
    Header,
    as_array,
    figures_of,
    lay_out,
    pack,
    unpack,
)
from tests.unit.wire.messages import COUNTS, VALUES, header, parts_of

SOUND = bytes(18)


def over_the_wire(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    dtype, shape, payload = lay_out(array)
    given = header(dtype=dtype, shape=shape, length=payload.nbytes)
    return as_array(unpack(parts_of(given, payload)))


@pytest.mark.parametrize("name", ITEM_SIZES)
@pytest.mark.parametrize(
    "shape", [(2, 3, 3), (1, 1, 3), (1, 1), (1,), (), (0,), (0, 5, 3), (5, 0), (1, 2, 3, 4)]
)
def test_an_array_of_each_dtype_and_shape_comes_back(name: str, shape: tuple[int, ...]) -> None:
    array = (np.arange(math.prod(shape)).reshape(shape) % 2).astype(name)
    back = over_the_wire(array)
    assert back.dtype == array.dtype
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)


@given(
    hnp.arrays(
        st.sampled_from([np.dtype(code) for code in ("u1", ">u2", "<u2", "<i4", "<f4", ">f8", "bool")]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.booleans(),
)
def test_any_array_comes_back_whatever_its_order(array: np.ndarray[Any, Any], turned: bool) -> None:
    given = array.T[::-1] if turned and array.ndim else array
    back = over_the_wire(given)
    assert back.dtype.newbyteorder("=") == given.dtype.newbyteorder("=")
    np.testing.assert_array_equal(back, given)


def test_neither_end_copies_the_pixels() -> None:
    array = np.zeros((4, 5, 3), np.uint8)
    layout = lay_out(array)
    parts = parts_of(header(dtype=layout.dtype, shape=layout.shape, length=60), layout.payload)
    back = as_array(unpack(parts))
    assert np.shares_memory(array, back)
    assert not back.flags.writeable
    assert unpack(parts).payload.readonly


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, "i8"),
        np.zeros(3, "c8"),
        np.array([object()]),
        np.zeros((1, 1, 1, 1, 1), "u1"),
        np.zeros(2, "S3"),
    ],
)
def test_what_cannot_be_sent_raw_is_a_frame_error(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(FrameError, match="convert it"):
        lay_out(array)


@given(
    COUNTS,
    COUNTS,
    st.text(max_size=50),
    st.text(max_size=50),
    st.booleans(),
    st.dictionaries(st.text(max_size=9), VALUES, max_size=8),
)
def test_every_field_comes_back(
    run: int, number: int, stream: str, track: str, key: bool, meta: dict[str, Any]
) -> None:
    given = header(run=run, number=number, stream=stream, track=track, key=key, meta=meta)
    back = unpack(parts_of(given, SOUND)).header
    assert pack(back) == pack(given)
    assert (back.run, back.number, back.stream, back.track, back.key) == (run, number, stream, track, key)
    assert repr(back.meta) == repr(meta)  # by their text, because nan is not nan


@pytest.mark.parametrize("size", [1, 2**16])
@pytest.mark.parametrize("codec", ["jpeg", "h264"])
def test_coded_pictures_come_back(codec: str, size: int) -> None:
    parts = parts_of(header(codec=codec, shape=(1080, 1920, 3), length=size), bytes(size))
    assert bytes(parts[0][:1]) == b"p"
    message = unpack(parts)
    assert bytes(message.payload) == bytes(size)
    with pytest.raises(ConfigError, match="decode it"):
        as_array(message)


def test_a_descriptor_has_its_own_topic_and_no_pixels() -> None:
    given = header(codec="shm", shape=(1080, 1920, 3), length=0, meta={"depot": "cam", "sequence": 3})
    parts = parts_of(given, b"")
    assert bytes(parts[0][:1]) == b"d"
    assert unpack(parts).header.meta == {"depot": "cam", "sequence": 3}


def test_figures_come_back() -> None:
    figures = (
        Box(0.1, 0.2, 0.3, 0.4, label="cat"),
        Line([(0, 0), (1, 1)]),
        Polygon([(0, 0), (1, 0), (0.5, 1)], color="#ff0000"),
        Text(0.5, 0.5, "words"),
    )
    given = header(figures=[to_plain(each) for each in figures])
    assert figures_of(unpack(parts_of(given, SOUND)).header) == figures


def test_parts_may_be_any_buffer() -> None:
    first, second = parts_of(header(), SOUND)
    kinds: list[Any] = [bytes, bytearray, memoryview, lambda part: np.frombuffer(part, np.uint8)]
    for kind in kinds:
        message = unpack([kind(first), kind(second)])
        assert message.header == header()
        assert message.payload.nbytes == 18


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"meta": {"a": [1]}}, r"meta\['a'\] must be str"),
        ({"meta": {"a": b"bytes"}}, r"meta\['a'\] must be str"),
        ({"meta": {"a": np.float64(1)}}, r"meta\['a'\] must be .* convert it"),
        ({"meta": {"a": np.int32(1)}}, r"meta\['a'\] must be .* convert it"),
        ({"meta": {"a": 2**64}}, "64 bits"),
        ({"meta": {1: "a"}}, "keys of meta"),
        ({"meta": {"a": "\ud800"}}, "cannot be sent"),
        ({"meta": None}, "meta must be a dict"),
        ({"meta": {"a": "x" * MAX_META_BYTES}}, "of the 4096 allowed"),
        ({"figures": [to_plain(Line([(0.123, 0.456)] * 30))] * 16}, "fewer or simpler figures"),
        ({"figures": [to_plain(Box(0, 0, 1, 1))] * (MAX_FIGURES + 1)}, "length <= 64"),
        ({"stream": "s" * MAX_HEADER_BYTES}, "the header takes"),
        ({"number": -1}, ">= 0"),
        ({"run": 2**63}, "<= 9223372036854775807"),
        ({"shape": (1, 1, 1, 1, 1)}, "length <= 4"),
        ({"codec": "gif"}, "gif"),
        ({"dtype": "O"}, "dtype 'O'"),
        ({"length": 17}, "has 18 bytes, not 17"),
        ({"version": 2}, "version 2"),
    ],
)
def test_what_a_receiver_would_refuse_is_refused_at_once(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        pack(header(**changes))


def test_meta_may_use_all_its_room() -> None:
    room = MAX_META_BYTES - len(msgspec.msgpack.encode({"a": "x" * 4000})) + 4000
    given = header(meta={"a": "x" * room})
    assert unpack(parts_of(given, SOUND)).header == given


def test_sizes_of_items_are_numpys() -> None:
    assert {name: np.dtype(name).itemsize for name in ITEM_SIZES} == ITEM_SIZES


def test_the_order_of_the_fields_is_the_wire() -> None:
    assert Header.__struct_fields__ == (
        *("version", "stream", "run", "number", "captured_ns", "sent_ns", "track", "codec", "format"),
        *("dtype", "shape", "length", "key", "waits", "figures", "meta"),
    )
