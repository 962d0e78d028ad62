"""Whatever bytes come, the parser answers with a message or with BadMessage."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rushes.errors import BadMessage
from rushes.wire.message import MAX_HEADER_BYTES, as_array, figures_of, pack, unpack
from tests.unit.wire.messages import header, mutilated, sound

LONG_S = 60.0


def parse(parts: list[bytes]) -> bool:
    """Whether the message was taken; anything but BadMessage comes through."""
    try:
        message = unpack(parts)
        figures_of(message.header)
        if message.header.codec == "raw":
            assert as_array(message).nbytes == len(parts[1])
    except BadMessage:
        return False
    # What was taken is within what is promised.
    assert message.header.length == len(parts[1])
    assert len(message.header.shape) <= 4
    return True


@settings(max_examples=300)
@given(sound())
def test_what_is_sound_is_taken(parts: list[bytes]) -> None:
    assert parse(parts)


@settings(max_examples=400)
@given(mutilated())
def test_what_is_mutilated_is_taken_or_refused(parts: list[bytes]) -> None:
    parse(parts)


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=200), max_size=4))
@example([b"p", b""])
@example([b"", b""])
def test_random_bytes_are_refused(parts: list[bytes]) -> None:
    assert not parse(parts)


@settings(max_examples=300)
@given(st.binary(max_size=100), st.sampled_from([b"p", b"d"]), st.integers(0, 70))
def test_a_header_that_goes_wrong_midway_is_taken_or_refused(tail: bytes, topic: bytes, kept: int) -> None:
    parse([topic + pack(header())[:kept] + tail, bytes(18)])


@pytest.mark.long
@settings(
    max_examples=5_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)
@given(mutilated())
def test_long_what_is_mutilated_is_taken_or_refused(parts: list[bytes]) -> None:
    parse(parts)


@pytest.mark.long
def test_long_bytes_are_changed_for_a_minute() -> None:
    # Plain mutation does some hundred times as many messages in a minute as drawing each by hypothesis.
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    seeds = [
        pack(header()),
        pack(header(meta={"a": 1, "b": "text", "c": 1.5, "d": None, "e": True})),
        pack(header(figures=[{"kind": "line", "points": [(0.0, 0.0), (1.0, 1.0)]}] * 3)),
        pack(header(shape=(1, 2, 3, 3), track="ä" * 40)),
    ]
    end, taken, tried = time.monotonic() + LONG_S, 0, 0
    while time.monotonic() < end:
        for _ in range(1000):
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.randint(1, 5)):
                mutate(data, chance)
            parts = [b"p" + bytes(data), bytes(18)]
            try:
                taken += parse(parts)
            except BaseException:
                print(f"seed {seed}, message {parts[0]!r}")
                raise
            tried += 1
    # Were none taken, the mutations would be too coarse to get past the first check.
    assert 0 < taken < tried


def mutate(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    kind = chance.randrange(6)
    if kind == 0:
        data[at : at + 1] = bytes([chance.randrange(256)])
    elif kind == 1:
        data[at : at + 1] = bytes([chance.randrange(0xC0, 0xE0)])
    elif kind == 2:
        del data[at : at + chance.randint(1, 8)]
    elif kind == 3:
        data[at:at] = chance.randbytes(chance.randint(1, 8))
    elif kind == 4:
        data[at : at + 4] = b"\xff" * 4
    elif len(data) < MAX_HEADER_BYTES:
        data[at:at] = data[at : at + chance.randint(1, 200)]
