"""Decoded images kept in memory, by the bytes they take."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.jobs.cache import MemoryCache

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["ImageCache", "image_bytes"]

# Pillow keeps whole machine words: three bands take four bytes a pixel, as do whole numbers and floats.
PILLOW_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}


class ImageCache(MemoryCache):
    """Images under the keys that name them; when ``cache_bytes`` are used up, those longest unused go.

    Any thread may call any method. Images are handed out as they are, not copied: do not draw into them.
    """

    def __init__(self, cache_bytes: int) -> None:
        if cache_bytes < 0:
            raise ConfigError(f"cache_bytes is {cache_bytes}; give 0 to keep nothing, or more")
        # An image may take all of it: a viewer of a few large images would else load each one again and again.
        super().__init__(cache_bytes, share=1.0)

    def put(
        self, key: Hashable, value: Any, *, weight: int | None = None, ttl_s: float | None = None
    ) -> bool:
        """Keeps an image; whether it was. Not when it is larger than the cache, and not what has no size.

        Taking what does not tell its size for nothing was rejected: memory would grow without bound.
        """
        size = image_bytes(value) if weight is None else weight
        if size is None:
            with self._lock:
                self._counts["refused"] += 1
            return False
        return super().put(key, value, weight=size, ttl_s=ttl_s)

    def renew(self) -> None:
        """In a forked child the lock may be held by a thread that is gone."""
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._entries


def image_bytes(image: Any) -> int | None:
    """What an image takes in memory; None for what does not tell.

    Knows arrays, frames, buffers, Pillow's images, and Qt's.
    """
    image = getattr(image, "array", image)  # a Frame weighs what its pixels do
    size = getattr(image, "nbytes", None)
    if isinstance(size, int):
        return size
    if isinstance(image, bytes | bytearray):
        return len(image)
    in_qt = getattr(image, "sizeInBytes", None)
    if callable(in_qt):
        return int(in_qt())
    mode, area = getattr(image, "mode", None), getattr(image, "size", None)
    if isinstance(mode, str) and isinstance(area, tuple) and len(area) == 2:
        return int(area[0] * area[1] * PILLOW_PIXEL.get(mode, 4))
    return None
