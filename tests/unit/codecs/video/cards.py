"""Recordings of the test card, and reading the numbers back."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushes.capture import TestCard
from rushes.codecs.video.demux import MediaInput
from rushes.codecs.video.writer import VideoWriter
from rushes.testing import read_card

START_NS = 1_800_000_000_000_000_000
FPS = 25
STEP_NS = 1_000_000_000 // FPS


def record(
    target: Any, count: int, *, size: tuple[int, int] = (640, 360), format: str = "i420", **more: Any
) -> None:
    """A recording of ``count`` cards, numbered from 0, 25 a second."""
    with VideoWriter(target, *size, fps=FPS, format=format, **more) as writer:
        write(writer, range(count))


def write(writer: VideoWriter, numbers: Any, *, spread: int = 0) -> None:
    """Draws and writes the cards of these numbers; ``spread`` adds noise of so many levels, to grow the file."""
    card = TestCard(writer.width, writer.height, FPS, writer.format)
    array = np.empty(card.shape, np.uint8)
    chance = np.random.default_rng(1)
    for number in numbers:
        moment = START_NS + number * STEP_NS
        card.draw(array, number, moment)
        if spread:
            top = writer.height // 2
            array[:top] = chance.integers(0, spread, array[:top].shape, np.uint8)
        writer.write(array, moment)


def numbers(path: Any, **options: Any) -> list[int | None]:
    """The number of each picture in the file, None where it cannot be read."""
    with MediaInput(path, **options) as media:
        return [number(picture) for picture in media.frames()]


def number(picture: Any) -> int | None:
    read = read_card(picture.array, picture.format)
    return None if read is None else read[0]
