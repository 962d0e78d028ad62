"""What processes of one machine say to one another, and what others may send."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import BadMessage
from rushes.wire import near

PLACE = near.Place("anon:1:2:ff", 7, 100)
FRAME = near.Frame(1, 2, 3)
UP = [
    near.Join(1, 5, "a", 10, 20, 30, 3),
    near.Grant(2),
    near.Keep(1),
    near.Made(1),
    near.Done(1),
    near.Back(1, 50),
    near.Drop(1),
    near.Alive(),
    near.Leave(),
]
DOWN = [
    near.Welcome(1, 9, 10, 20, 30),
    near.Deal(4, 1, FRAME, b"head", PLACE),
    near.Memory("anon:1:2:ff"),
    near.Stranger(["a", "b"]),
    near.End(),
    near.Taken("x"),
    near.Later("x", 100),
    near.Send("x"),
]
DRAIN = [
    near.Result("x", 1, 2, b"head", None),
    near.Result("x", 1, 2, b"head", PLACE),
    near.Serves(9),
    near.Lost(9, [FRAME], []),
]


@pytest.mark.parametrize(
    ("read", "messages"), [(near.read_up, UP), (near.read_down, DOWN), (near.read_drain, DRAIN)]
)
def test_what_is_said_is_read(read: Any, messages: list[Any]) -> None:
    assert [read(near.pack(each)) for each in messages] == messages


def test_what_is_for_another_is_refused() -> None:
    with pytest.raises(BadMessage):
        near.read_up(near.pack(near.End()))
    with pytest.raises(BadMessage):
        near.read_down(near.pack(near.Grant(1)))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        [],
        [2],
        [2, -1],
        [2, 2**40],
        [2, 1, 1],
        [99, 1],
        [1, 1, 5, "", 10, 20, 30, 3],
        [1, 1, 5, "a" * 300, 10, 20, 30, 3],
        [6, 1, 10**9],
        {"a": 1},
        "words",
    ],
)
def test_what_no_worker_says_is_refused(said: Any) -> None:
    with pytest.raises(BadMessage):
        near.read_up(said if isinstance(said, bytes) else msgspec.msgpack.encode(said))


def test_a_head_and_a_list_have_their_limits() -> None:
    with pytest.raises(BadMessage):
        near.read_drain(near.pack(near.Result("x", 1, 2, bytes((2 << 20) + 1), None)))
    with pytest.raises(BadMessage):
        near.read_drain(near.pack(near.Lost(1, [FRAME] * 4097, [])))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_message_or_refused(data: bytes) -> None:
    for read in (near.read_up, near.read_down, near.read_drain):
        try:
            read(data)
        except BadMessage:
            continue
