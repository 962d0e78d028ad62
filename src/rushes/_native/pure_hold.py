"""Leases of the pure twin, and arrays over a slot that keep them.

The lease hangs on a small owner object. Every array made from it has the owner at the end of its chain of
bases, so the lease ends exactly when the ``Hold`` and all arrays, slices included, are gone.
"""

from __future__ import annotations

import math
import re
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes._native import layout
from rushes._native.pure_gate import soon
from rushes.errors import DepotError, SegmentMismatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rushes._native.pure_seat import Seat
    from rushes._native.pure_tables import Tables

# Plain numbers only: objects would be wild pointers, and the short text loses a structured dtype's fields.
_DTYPE = re.compile(r"[<>|][biufc][0-9]{1,2}")


def item_size(dtype: str) -> int:
    """Bytes of one element. Raises DepotError for a dtype that no depot holds."""
    if _DTYPE.fullmatch(dtype):
        try:
            return np.dtype(dtype).itemsize
        except TypeError:
            pass  # the right form, but no such size
    raise DepotError(f"a depot cannot hold elements of dtype {dtype!r}: only booleans and numbers")


class Memory:
    """Part of a mapping, in the form in which numpy takes foreign memory; holding it keeps the mapping."""

    __slots__ = ("__array_interface__", "__weakref__", "_keep")

    def __init__(
        self, keep: object, address: int, shape: tuple[int, ...], dtype: str, *, read_only: bool
    ) -> None:
        self._keep = keep
        self.__array_interface__: dict[str, Any] = {
            "shape": shape,
            "typestr": dtype,
            "data": (address, read_only),
            "version": 3,
        }


def writeable(seat: Seat, t: Tables, slot: int, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    """An array over the slot's first bytes in the mapping for writers; the seat stays taken while it lives."""
    at = t.writable_at + slot * t.geometry.stride
    owner = Memory(t.writable, at, shape, dtype, read_only=False)
    seat.lend()
    weakref.finalize(owner, soon, seat.unlend)
    return np.asarray(owner)


class Hold:
    """See ``core.Hold``."""

    __slots__ = (
        *("sequence", "number", "captured_ns", "published_ns", "nbytes", "dtype", "shape", "format"),
        *("_owner", "_meta", "_seat"),
    )

    def __init__(self, seat: Seat, t: Tables, slot: int) -> None:
        """Called inside a section; raises SegmentMismatch where the slot's description cannot be true."""
        record = t.slots[slot]
        self.sequence = int(t.tags[slot]) >> 2
        self.number = int(record["number"])
        self.captured_ns, self.published_ns = int(record["captured"]), int(record["published"])
        self.nbytes = int(record["nbytes"])
        self.dtype, self.format, self.shape = _description(t, record)
        self._meta: NDArray[np.uint8] = t.meta[slot, : int(record["meta_len"])]
        self._seat = seat
        at = t.readable_at + slot * t.geometry.stride
        self._owner = Memory(t.readable, at, self.shape, self.dtype, read_only=True)
        seat.lease(t, slot)
        weakref.finalize(self._owner, soon, partial(seat.release, slot))

    def array(self) -> NDArray[np.generic]:
        return np.asarray(self._owner)

    def meta(self) -> bytes:
        return self._meta.tobytes()

    @property
    def live(self) -> bool:
        return self._seat.ours


def _description(t: Tables, record: Any) -> tuple[str, str, tuple[int, ...]]:
    ndim, nbytes, meta_len = int(record["ndim"]), int(record["nbytes"]), int(record["meta_len"])
    if ndim > layout.MAX_DIMS or nbytes > t.geometry.slot_bytes or meta_len > layout.META_BYTES:
        raise SegmentMismatch("damaged depot: a frame is larger than its slot")
    shape = tuple(record["dims"][:ndim].tolist())
    try:
        dtype, text = bytes(record["dtype"]).decode(), bytes(record["format"]).decode()
        size = math.prod(shape) * item_size(dtype)
    except (UnicodeDecodeError, DepotError) as error:
        raise SegmentMismatch(f"damaged depot: a frame of unknown kind ({error})") from error
    if size != nbytes:
        raise SegmentMismatch(f"damaged depot: a frame of {nbytes} bytes says its shape takes {size}")
    return dtype, text, shape
