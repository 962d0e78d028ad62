"""Loading images in the background: for maps, slides, galleries, whatever shows more than fits in memory."""

from __future__ import annotations

from rushes.loader.claims import LoaderStats
from rushes.loader.loader import AsyncImageLoader
from rushes.loader.request import ImageLoadPriority, ImageLoadRequest
from rushes.loader.shared import get_global_loader, stop_global_loader

__all__ = [
    "AsyncImageLoader",
    "ImageLoadPriority",
    "ImageLoadRequest",
    "LoaderStats",
    "get_global_loader",
    "stop_global_loader",
]
