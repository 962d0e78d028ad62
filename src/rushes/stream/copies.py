"""Copies of pixels whose owner may go on drawing into them, in memory that is used again."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rushes.frame import Frame

__all__ = ["Copies"]


class Copies:
    """At most ``keep`` spare arrays, all of one size: memory that was just written is several times cheaper to
    write than fresh memory, which the system hands out page by page.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._spare: list[NDArray[Any]] = []

    def of(self, frame: Frame) -> tuple[Frame, NDArray[Any] | None]:
        """The frame with pixels of its own, and these, to be given back; itself and None when nobody can write to
        its pixels, as to those of a depot's lease.
        """
        array = frame.array
        if _is_constant(array):
            return frame, None
        copy = self._take(array)
        np.copyto(copy, array)
        return replace(frame, array=copy), copy

    def give_back(self, array: NDArray[Any] | None) -> None:
        """Nobody looks at it any more."""
        if array is None:
            return
        with self._lock:
            if self._spare and not _alike(self._spare[-1], array):
                self._spare.clear()  # the pictures have changed size: what is kept fits none of them
            if len(self._spare) < self._keep:
                self._spare.append(array)

    def _take(self, array: NDArray[Any]) -> NDArray[Any]:
        with self._lock:
            if self._spare and _alike(self._spare[-1], array):
                return self._spare.pop()
        return np.empty(array.shape, array.dtype)


def _is_constant(array: Any) -> bool:
    """Whether neither it nor any array it is a view of, nor what that lies in, can be written to."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    if array is None:
        return True
    try:
        return memoryview(array).readonly
    except TypeError:
        return True  # the handle of a depot's slot, which is mapped for reading only


def _alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype
