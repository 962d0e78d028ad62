"""Metadata, channel, track and figures go into a slot's few bytes and come back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes import Box, Line, Polygon, Text
from rushes._native.layout import META_BYTES
from rushes.depot import extras
from rushes.errors import FrameError, SegmentMismatch

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
META = st.dictionaries(st.text(max_size=10), PLAIN, max_size=4)
FIGURES = (
    Box(0.1, 0.2, 0.3, 0.4, label="car", color="#ff0000"),
    Line(((0.0, 0.5), (1.0, 0.5))),
    Polygon(((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))),
    Text(0.5, 0.5, "hello"),
)


@given(META, st.text(max_size=20), st.text(max_size=20), st.sets(st.sampled_from(range(4))))
def test_what_is_packed_comes_back(meta: dict[str, Any], channel: str, track: str, which: set[int]) -> None:
    figures = tuple(FIGURES[k] for k in sorted(which))
    data = extras.pack(meta, channel, track, figures)
    assert len(data) <= META_BYTES
    assert extras.unpack(data) == (meta, channel, track, figures)


def test_nothing_costs_nothing() -> None:
    assert extras.pack(None) == extras.pack({}) == b""
    assert extras.unpack(b"") == ({}, "", "", ())


def test_the_room_is_used_to_the_last_byte_and_not_beyond() -> None:
    around = len(extras.pack({"k": b"x" * 1000})) - 1000
    full = {"k": b"x" * (META_BYTES - around)}
    assert len(extras.pack(full)) == META_BYTES
    with pytest.raises(FrameError, match=f"take {META_BYTES + 1} bytes, a slot has room for {META_BYTES}"):
        extras.pack({"k": b"x" * (META_BYTES - around + 1)})


@pytest.mark.parametrize("bad", [object(), 1j, 2**64, -(2**63) - 1, len])
def test_what_is_no_plain_data_is_refused(bad: Any) -> None:
    with pytest.raises(FrameError, match="plain data"):
        extras.pack({"key": bad})


def test_later_changes_of_the_callers_mapping_do_not_show() -> None:
    meta = {"list": [1]}
    data = extras.pack(meta)
    meta["list"].append(2)
    assert extras.unpack(data).meta == {"list": [1]}


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1",  # no msgpack at all
        b"\x81",  # cut off
        b"\x90",  # a list
        b"\x81\x01\x02",  # a key that is no text
        b"\x81\xa1f\x05",  # figures that are no list
        b"\x81\xa1f\x91\x05",  # a figure that is no mapping
        b"\x81\xa1f\x91\x81\xa4kind\xa3cat",  # a kind there is not
        b"\x81\xa1f\x91\x81\xa4kind\xa3box",  # a box without its sides
    ],
    ids=bytes.hex,
)
def test_damaged_bytes_are_told_as_such(data: bytes) -> None:
    with pytest.raises(SegmentMismatch, match="damaged"):
        extras.unpack(data)


@given(st.binary(min_size=1, max_size=60))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        found = extras.unpack(data)
    except SegmentMismatch:
        return
    assert isinstance(found, extras.Extras)


@given(st.data())
def test_one_wrong_byte_raises_nothing_else(data: st.DataObject) -> None:
    good = bytearray(extras.pack({"a": [1, "b"], "c": {"d": 2.5}}, "channel", "track", FIGURES))
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = extras.unpack(bytes(good))
    except SegmentMismatch:
        return
    assert isinstance(found, extras.Extras)


@pytest.mark.parametrize("meta", [{"a": "\ud800"}, {"deep": None}])
def test_text_that_is_none_and_endless_nesting_are_frame_errors(meta: dict[str, Any]) -> None:
    if "deep" in meta:
        meta["deep"] = meta
    with pytest.raises(FrameError):
        extras.pack(meta)


@pytest.mark.parametrize(
    "data", [b"\x81\xa1m\x01", b"\x81\xa1c\x01", b"\x81\xa1m" + b"\x91" * 2000 + b"\x01"]
)
def test_damaged_extras_are_a_mismatch(data: bytes) -> None:
    with pytest.raises(SegmentMismatch):
        extras.unpack(data)
