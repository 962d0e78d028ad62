"""The image loader under its old address: ``from rushes.compat.async_image_loader import AsyncImageLoader``.

What it had: ``ImageLoadPriority``, ``ImageLoadRequest``, ``AsyncImageLoader``, ``get_global_loader`` and
``stop_global_loader``, with the same arguments in the same order. It is the loader of :mod:`rushes` itself,
so everything new is there too. No event loop need run, and ``schedule_load`` now returns a handle.
"""

from __future__ import annotations

from typing import Any

from rushes.loader import (
    AsyncImageLoader,
    ImageLoadPriority,
    ImageLoadRequest,
    get_global_loader,
    stop_global_loader,
)

__all__ = [
    "AsyncImageLoader",
    "ImageLoadPriority",
    "ImageLoadRequest",
    "get_global_loader",
    "stop_global_loader",
]


def __getattr__(name: str) -> Any:
    # A variable of the old module that programs looked at to see whether a loader is there.
    if name == "_global_loader":
        from rushes.loader.shared import SHARED

        return SHARED.loader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
