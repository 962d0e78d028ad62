"""Broken JPEGs under sound headers: decoded to what the header says, or refused, and nothing else."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from rushes.codecs import jpeg
from rushes.errors import CodecError, FrameError, WireError
from rushes.stream.decoding import decode
from rushes.wire.message import unpack
from tests.unit.wire.messages import header, parts_of
from tests.unit.wire.test_message_fuzz import mutate

SHAPES = {"bgr24": (48, 64, 3), "gray8": (48, 64), "i420": (72, 64), "bgra": (48, 64, 4)}


def decoded(format: str, data: bytes) -> bool:
    """Whether the picture was taken."""
    made = header(codec="jpeg", format=format, shape=SHAPES[format], length=len(data))
    try:
        array = decode(unpack([bytes(part) for part in parts_of(made, data)]))
    except (WireError, CodecError, FrameError):
        return False
    assert array.shape == SHAPES[format]
    assert array.dtype == np.uint8
    return True


@pytest.mark.parametrize("seconds", [1.0, pytest.param(60.0, marks=pytest.mark.long)])
def test_changed_pictures_are_decoded_or_refused(seconds: float) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    noise = np.random.default_rng(1)
    sound = {
        format: jpeg.encode(noise.integers(0, 255, shape, np.uint8), format)
        for format, shape in SHAPES.items()
    }
    assert all(decoded(format, data) for format, data in sound.items())
    end_s, taken, tried = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end_s:
        made_by, shown_as = chance.choice(list(SHAPES)), chance.choice(list(SHAPES))
        data = bytearray(sound[made_by])
        for _ in range(chance.randint(1, 4)):
            mutate(data, chance)
        try:
            taken += bool(data) and decoded(shown_as, bytes(data))
        except BaseException:
            print(f"seed {seed}, a JPEG made of {made_by} and shown as {shown_as}: {bytes(data)!r}")
            raise
        tried += 1
    assert 0 < taken < tried
