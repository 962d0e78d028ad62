"""The head that travels with a frame through workers."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.errors import BadMessage, ConfigError
from rushes.figures import Box
from rushes.stream import parcel as parcels
from rushes.stream.encoding import Encoded
from rushes.stream.parcel import Parcel, pack, unpack
from tests.support.crews import parcel_of

PIXELS = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
ENCODE = msgspec.msgpack.encode


def test_what_was_packed_is_unpacked_with_the_payload_as_it_lies():
    parcel, payload = parcel_of(PIXELS, 5, meta={"a": 1})
    again, message = unpack(pack(parcel), payload)
    assert again == parcel
    assert message.header == parcel.header
    assert np.shares_memory(np.frombuffer(message.payload, np.uint8), PIXELS)


@pytest.mark.parametrize(
    "data", [None, 0, "", [], {}, {"boxes": [[0.5, 1, 2.5]], "n": 3, "ok": True}, {1: b"bytes"}, float("inf")]
)
def test_data_comes_out_as_it_went_in(data: Any):
    parcel, payload = parcel_of(PIXELS)
    again, _ = unpack(pack(parcels.with_data(parcel, data)), payload)
    assert again.has_data
    assert again.data == data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (object(), "object"),
        (datetime.datetime.now(datetime.UTC), "datetime"),
        ({(1, 2): 3}, "keys of data"),
        ({None: 3}, "keys of data"),
        ({0: 1, 1.5: 3}, "keys of data"),
        (2**70, "ints"),
        (msgspec.msgpack.Ext(5, b""), "Ext"),
        (b"x" * (1024 * 1024), "1048581 bytes of the 1048576"),
    ],
)
def test_data_that_is_not_plain_or_too_long_is_refused_by_the_sender(data: Any, said: str):
    parcel, _ = parcel_of(PIXELS)
    with pytest.raises(ConfigError, match=said):
        pack(parcels.with_data(parcel, data))


def nested(depth: int) -> Any:
    data: Any = 1
    for _ in range(depth):
        data = [data]
    return data


@pytest.mark.parametrize("depth", [33, 5000])
def test_data_nested_too_deep_is_refused_at_both_ends(depth: int):
    parcel, payload = parcel_of(PIXELS)
    with pytest.raises(ConfigError):
        pack(parcels.with_data(parcel, nested(depth)))
    head = ENCODE(parcels.with_data(parcel, 7))
    assert head.endswith(b"\x07")
    with pytest.raises(BadMessage):
        unpack(head[:-1] + b"\x91" * depth + b"\x07", payload)


def test_data_as_deep_as_allowed_travels():
    parcel, payload = parcel_of(PIXELS)
    assert unpack(pack(parcels.with_data(parcel, nested(32))), payload)[0].data == nested(32)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"index": -1},
        {"outcome": "lost"},
        {"error": "but it is here"},
        {"error": "x" * 2001, "outcome": "error"},
        {"outcome": "error"},
        {"data": 5},
        {"data": datetime.datetime.now(datetime.UTC), "has_data": True},
        {"data": msgspec.msgpack.Ext(5, b""), "has_data": True},
    ],
)
def test_a_head_that_no_honest_sender_writes_is_a_bad_message(changes: dict[str, Any]):
    parcel, payload = parcel_of(PIXELS)
    unpack(ENCODE(parcel), payload)
    with pytest.raises(BadMessage):
        unpack(ENCODE(msgspec.structs.replace(parcel, **changes)), payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"length": 71},
        {"shape": (4, 6, 4)},
        {"shape": (2**31 - 1, 2**31 - 1)},
        {"dtype": "O"},
        {"codec": "h264"},
        {"codec": "shm", "length": 0},
        {"codec": "jpeg", "length": 0},
        {"meta": {"long": "x" * 5000}},
    ],
)
def test_the_header_within_is_checked_as_a_live_one_is(changes: dict[str, Any]):
    parcel, payload = parcel_of(PIXELS)
    header = msgspec.structs.replace(parcel.header, **changes)
    with pytest.raises(BadMessage):
        unpack(ENCODE(msgspec.structs.replace(parcel, header=header)), payload)


def test_another_version_is_told_as_such_even_when_its_fields_are_others():
    with pytest.raises(BadMessage, match="version 9 of parcels"):
        unpack(ENCODE([9, "what", "ever"]), b"")


def test_a_missing_or_further_field_is_refused():
    parcel, payload = parcel_of(PIXELS)
    fields = msgspec.msgpack.decode(ENCODE(parcel))
    for changed in (fields[:1], [*fields, 1], dict(enumerate(fields))):
        with pytest.raises(BadMessage):
            unpack(ENCODE(changed), payload)


def test_what_is_too_long_is_refused_unread():
    parcel, payload = parcel_of(PIXELS)
    with pytest.raises(BadMessage, match="head has 1 to"):
        unpack(bytes(parcels.MAX_HEAD_BYTES + 1), payload)
    with pytest.raises(BadMessage, match="over the limit of 71"):
        unpack(pack(parcel), payload, max_bytes=71)


def test_the_longest_head_that_may_be_sent_is_read():
    text = "\N{GRINNING FACE}"
    parcel, payload = parcel_of(PIXELS, meta={"m": "x" * 4000})
    full = parcels.with_data(parcel, b"x" * (parcels.MAX_DATA_BYTES - 5))
    unpack(pack(full), payload)
    stone = parcels.tombstone(full, "error", text * 3000)
    assert unpack(pack(stone), b"")[0].error == text * 2000


def test_a_tombstone_keeps_whose_it_is_and_holds_no_picture():
    parcel, _ = parcel_of(PIXELS, 5, meta={"a": 1})
    stone = parcels.tombstone(parcels.with_data(parcel, 3), "error", "half a letter: \ud800")
    again, message = unpack(pack(stone), b"")
    assert (again.outcome, again.error, again.index) == ("error", "half a letter: ?", 5)
    header = again.header
    assert (header.stream, header.run, header.number, header.track) == ("cam", 7, 5, "t")
    assert not again.has_data
    assert message.payload.nbytes == 0
    with pytest.raises(BadMessage):
        unpack(pack(stone), b"x")


def test_another_picture_keeps_number_and_moment_and_brings_its_own_meta_and_figures():
    parcel, _ = parcel_of(PIXELS, 5, meta={"old": 1})
    picture = Encoded("raw", "gray8", "u1", (2, 3), b"abcdef")
    made = parcels.with_picture(parcel, picture, meta={"new": 2}, figures=[Box(0, 0, 1, 1, label="all")])
    again, message = unpack(pack(made), picture.payload)
    assert (again.header.number, again.header.captured_ns, again.index) == (5, 1000, 5)
    assert (again.header.format, again.header.shape, again.header.meta) == ("gray8", (2, 3), {"new": 2})
    assert [each["label"] for each in again.header.figures] == ["all"]
    assert bytes(message.payload) == b"abcdef"


@pytest.mark.parametrize("meta", [{"boxes": [[1, 2]]}, {"text": "x" * 5000}])
def test_meta_that_no_header_holds_travels_as_data(meta: dict[str, Any]):
    parcel, _ = parcel_of(PIXELS)
    made = parcels.with_picture(parcel, Encoded("raw", "gray8", "u1", (2, 3), b"abcdef"), meta=meta)
    again, _ = unpack(pack(made), b"abcdef")
    assert parcels.meta_of(again) == meta


def test_data_is_merged_into_meta_when_it_has_names():
    parcel, _ = parcel_of(PIXELS, meta={"a": 1, "b": 2})
    assert parcels.meta_of(parcel) == {"a": 1, "b": 2}
    assert parcels.meta_of(parcels.with_data(parcel, {"b": [3]})) == {"a": 1, "b": [3]}
    assert parcels.meta_of(parcels.with_data(parcel, 4)) == {"a": 1, "b": 2, "data": 4}
    assert parcels.meta_of(parcels.with_data(parcel, {1: 2})) == {"a": 1, "b": 2, "data": {1: 2}}


def test_ids_tell_runs_tracks_and_frames_apart():
    assert parcels.work_id("cam", 7, 12) == "cam-7-12"
    assert parcels.result_id("cam", 7, "t", 12) == "cam-7-t-12"
    assert parcels.on_track(parcel_of(PIXELS)[0], "other").header.track == "other"


@given(st.binary(max_size=400), st.binary(max_size=100))
@settings(max_examples=200)
def test_random_bytes_are_bad_messages_and_nothing_else(head: bytes, payload: bytes):
    with pytest.raises(BadMessage):
        unpack(head, payload)


@given(st.data())
@settings(max_examples=300)
def test_a_head_with_a_few_bytes_changed_is_read_or_a_bad_message(data: st.DataObject):
    parcel, payload = parcel_of(PIXELS, 5, meta={"a": 1.5, "b": "text"})
    head = bytearray(pack(parcels.with_data(parcel, {"x": [1, {"y": None}], "z": b"1"})))
    for _ in range(data.draw(st.integers(1, 4))):
        head[data.draw(st.integers(0, len(head) - 1))] = data.draw(st.integers(0, 255))
    try:
        again, _ = unpack(bytes(head), payload)
    except BadMessage:
        return
    assert isinstance(again, Parcel)
