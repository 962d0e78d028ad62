from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import BadMessage
from rushes.stream.plain import recv, send


class Pipe:
    """A socket that gives back what was sent, part by part."""

    def __init__(self) -> None:
        self.parts: list[tuple[bytes, bool]] = []

    def send_multipart(self, parts: list[Any], flags: int, copy: bool) -> None:
        last = len(parts) - 1
        self.parts += [(bytes(part), place < last) for place, part in enumerate(parts)]

    def recv(self, flags: int, copy: bool) -> SimpleNamespace:
        part, more = self.parts.pop(0)
        return SimpleNamespace(buffer=memoryview(part), more=more)


@st.composite
def mutilated(draw: st.DrawFn) -> list[bytes]:
    """The parts of an item, some of them changed, left out, doubled or made up."""
    pipe = Pipe()
    meta = draw(st.sampled_from([None, {}, {"a": 1}, [1, "x"], (True, None)]))
    arr = draw(st.sampled_from([None, np.zeros((2, 3), np.uint8), np.ones(3, bool)]))
    send(socket=pipe, fno=1, ftime=2.0, meta=meta, arr=arr, buf=draw(st.sampled_from([None, b"", b"abc"])))
    parts = [part for part, _ in pipe.parts]
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(parts) - 1))
        part = bytearray(parts[place])
        match draw(st.sampled_from(["byte", "cut", "grow", "double", "swap", "made up"])):
            case "byte" if part:
                part[draw(st.integers(0, len(part) - 1))] = draw(st.integers(0, 255))
            case "cut":
                del part[draw(st.integers(0, len(part))) :]
            case "grow":
                part += draw(st.binary(max_size=9))
            case "double":
                parts.append(bytes(part))
            case "swap":
                parts[0], part = bytes(part), bytearray(parts[0])
            case _:
                part = bytearray(draw(st.binary(max_size=40)))
        parts[place] = bytes(part)
    return parts


@given(mutilated(), st.booleans(), st.booleans())
def test_whatever_comes_is_an_item_or_refused_and_the_next_one_comes(
    parts: list[bytes], arr: bool, buf: bool
) -> None:
    pipe = Pipe()
    pipe.send_multipart(parts, 0, False)
    try:
        item = recv(socket=pipe, arr=arr, buf=buf)
    except BadMessage:
        assert not pipe.parts  # all of the message is gone
    else:
        assert set(item) == {"meta", "ftime", "fno"} | ({"arr"} if arr else set()) | (
            {"buf"} if buf else set()
        )
        pipe.parts.clear()  # parts behind an item are the caller's
    send(socket=pipe, fno=77, ftime=0, meta=None)
    assert recv(socket=pipe)["fno"] == 77
    with pytest.raises(IndexError):
        pipe.recv(0, False)
