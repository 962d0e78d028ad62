from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.codecs import jpeg
from rushes.errors import BadMessage, CorruptImage
from rushes.frame import Frame
from rushes.stream.decoding import decode
from rushes.stream.encoding import Encoded, to_jpeg, to_raw
from rushes.wire.message import Message
from tests.support.streams import header, picture


def message(made: Encoded, **more: Any) -> Message:
    payload = memoryview(bytes(made.payload))
    told: dict[str, Any] = {
        "codec": made.codec,
        "format": made.format,
        "dtype": made.dtype,
        "shape": made.shape,
    }
    return Message(header(0, **{**told, "length": payload.nbytes, **more}), payload)


def close(one: Any, other: Any) -> bool:
    return int(np.abs(one.astype(int) - other.astype(int)).max()) < 12


@pytest.mark.parametrize(
    ("format", "array"),
    [
        ("bgr24", picture()),
        ("rgb24", picture()),
        ("gray8", picture(channels=1)),
        ("gray8", picture(channels=1)[..., None]),
        ("bgr24", picture(33, 57)),
        ("i420", np.full((72, 64), 128, np.uint8)),
    ],
)
def test_both_codecs_give_the_array_that_was_put_in(format: str, array: Any) -> None:
    frame = Frame(array, format=format)
    exact, coded = decode(message(to_raw(frame))), decode(message(to_jpeg(frame, 90)))
    assert np.array_equal(exact, array)
    assert coded.shape == array.shape
    assert close(coded, array)


def test_raw_pixels_are_the_received_bytes_and_nobody_can_write_to_them() -> None:
    arrived = message(to_raw(Frame(picture())))
    array = decode(arrived)
    assert np.shares_memory(array, np.frombuffer(arrived.payload, np.uint8))
    assert not array.flags.writeable


@pytest.mark.parametrize("shape", [(48, 65, 3), (49, 64, 3), (64, 48, 3)])
def test_a_jpeg_of_another_size_than_its_header_says_is_refused_before_it_is_decoded(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = message(to_jpeg(Frame(picture()), 80), shape=shape)
    monkeypatch.setattr(jpeg, "decode", None)
    with pytest.raises(BadMessage, match="size"):
        decode(arrived)


def test_other_codecs_are_not_decoded_here() -> None:
    with pytest.raises(BadMessage, match="h264"):
        decode(message(to_jpeg(Frame(picture()), 80), codec="h264"))


def test_a_figure_that_is_none_is_refused() -> None:
    with pytest.raises(BadMessage):
        decode(message(to_raw(Frame(picture())), figures=[{"kind": "nonsense"}]))


@given(data=st.binary(min_size=1, max_size=300), cut=st.integers(2, 600))
def test_broken_jpegs_are_refused_and_nothing_else_is_raised(data: bytes, cut: int) -> None:
    whole = bytes(to_jpeg(Frame(picture()), 80).payload)
    for payload in (data, whole[:cut] + data, whole[: max(2, cut // 2)]):
        arrived = Message(
            header(0, codec="jpeg", format="bgr24", shape=(48, 64, 3), length=len(payload)),
            memoryview(payload),
        )
        try:
            array = decode(arrived)
        except (BadMessage, CorruptImage):
            continue
        assert array.shape == (48, 64, 3)
