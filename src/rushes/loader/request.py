"""What one asks the loader for, and which texture a request belongs to (pure)."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.jobs import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ImageLoadPriority",
    "ImageLoadRequest",
    "belongs",
    "check",
    "check_focus",
    "check_texture",
    "family",
    "tier",
]


class ImageLoadPriority(Enum):
    """How urgent a load is: of two that wait, the one with the smaller value starts first."""

    LOW = 3
    NORMAL = 2
    HIGH = 1


TIERS = {each.value: Priority(each.value) for each in ImageLoadPriority}


@dataclass
class ImageLoadRequest:
    """A wish for one image.

    ``loader_func()`` returns the image, or None when there is none; it runs on a worker thread.
    ``callback(image)`` is called once, with None after an error or a cancel; it may be None for a prefetch.
    ``bounds`` are (xmin, xmax, ymin, ymax) in whatever coordinates the focus is given in.
    ``cache_key`` names everything that changes the image; without one the cache is not used.
    """

    id: str
    loader_func: Callable[[], Any]
    callback: Callable[[Any], object] | None
    priority: ImageLoadPriority = ImageLoadPriority.NORMAL
    bounds: tuple[float, float, float, float] | None = None
    cache_key: Hashable | None = None


def tier(priority: ImageLoadPriority) -> Priority:
    """As the queue calls it; ConfigError for anything that is no priority of a load."""
    if priority is ImageLoadPriority.NORMAL:  # what nearly all are
        return Priority.NORMAL
    # The value's own attribute: Enum.value is a descriptor written in Python, ten times as slow.
    value = getattr(priority, "_value_", priority)
    found = TIERS.get(value) if isinstance(value, int) else None
    if found is None:
        raise ConfigError(f"priority is {priority!r}; give a member of ImageLoadPriority")
    return found


def check(
    request_id: str,
    loader_func: Callable[[], Any],
    callback: Callable[[Any], object] | None,
    bounds: tuple[float, float, float, float] | None,
    cache_key: Hashable | None,
) -> None:
    """ConfigError for what could only fail later, on a worker's thread, where nobody sees why."""
    if not isinstance(request_id, str):
        raise ConfigError(f"request_id is {request_id!r}; give a str")
    if not callable(loader_func):
        raise ConfigError(f"loader_func is {loader_func!r}; give what returns the image when called")
    if callback is not None and not callable(callback):
        raise ConfigError(f"callback is {callback!r}; give what takes the image, or None")
    if bounds is not None and not _are_numbers(bounds, 4):
        raise ConfigError(f"bounds are {bounds!r}; give (xmin, xmax, ymin, ymax)")
    if cache_key is not None and not isinstance(cache_key, Hashable):
        raise ConfigError(f"cache_key is {cache_key!r}; give what can be a dict's key, or None")


def check_focus(focus: tuple[float, float] | None) -> None:
    """ConfigError for a focus that is no place: nothing could be ordered by its distance."""
    if focus is not None and not _are_numbers(focus, 2):
        raise ConfigError(f"focus is {focus!r}; give (x, y)")


def _are_numbers(values: tuple[float, ...], count: int) -> bool:
    try:
        return len(values) == count and math.isfinite(sum(values))
    except TypeError:
        return False


def check_texture(texture: str) -> None:
    """ConfigError for a texture that is no text: ids begin with it."""
    if not isinstance(texture, str):
        raise ConfigError(f"texture is {texture!r}; give a str")


def family(request_id: str) -> str:
    """What comes before the first ``_``: all ids of one texture share it, so only they need be looked at."""
    return request_id.partition("_")[0]


def belongs(request_id: str, texture_id: str) -> bool:
    """Whether the id is the texture's own or starts with it and ``_``.

    Never a bare substring: "1" has nothing to do with "10" or "21".
    """
    return request_id == texture_id or request_id.startswith(f"{texture_id}_")
