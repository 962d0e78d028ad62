"""Frames and names for tests of FramesDepot."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.compat.frames_depot import FramesDepot

BLOCKS = Path("/dev/shm")


@pytest.fixture(name="name")
def block_name(core: str) -> Iterator[str]:
    """A name for a block that must be gone again at the end."""
    chosen = f"frames-{secrets.token_hex(4)}"
    yield chosen
    assert not (BLOCKS / chosen).exists(), "the shared block was left behind"


def frame(value: int, shape: tuple[int, ...] = (4, 6, 3)) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full(shape, value, np.uint8)


def numbered(value: int) -> dict[str, Any]:
    return {"frame_number": value, "frame": frame(value)}


def run(name: str, work: Callable[[FramesDepot], Awaitable[None]], *arguments: Any) -> None:
    """Let ``work`` use a FramesDepot; ``arguments`` from max_size on."""

    async def go() -> None:
        async with FramesDepot((6, 4, 3), name, *(arguments or (3,))) as depot:
            await work(depot)

    asyncio.run(go())
