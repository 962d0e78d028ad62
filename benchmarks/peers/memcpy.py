"""The floor: np.copyto into a ring of touched memory, slot after slot as the depot does."""

from __future__ import annotations

import itertools
import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def shared(frame: np.ndarray[Any, Any], slots: int) -> Callable[[], None]:
    """Into the kind of memory a depot has: shared, hence in small pages on most systems."""
    stride = -(-frame.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    ring = np.frombuffer(mmap.mmap(-1, slots * stride), np.uint8).reshape(slots, stride)
    return _copier(frame, [slot[: frame.nbytes].view(frame.dtype).reshape(frame.shape) for slot in ring])


def private(frame: np.ndarray[Any, Any], slots: int) -> Callable[[], None]:
    """Into an array of this process alone, for which numpy asks the kernel for huge pages."""
    return _copier(frame, list(np.zeros((slots, *frame.shape), frame.dtype)))


def _copier(frame: np.ndarray[Any, Any], ring: list[np.ndarray[Any, Any]]) -> Callable[[], None]:
    for slot in ring:
        slot.fill(1)  # memory that was only reserved costs ten times as much at its first touch
    turn = itertools.cycle(ring)
    return lambda: np.copyto(next(turn), frame)
