"""Opening a source by its address."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, overload

from rushes.errors import ConfigError
from rushes.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.capture.records import OpenedCodedSource, OpenedSource

__all__ = ["SOURCES", "open_source"]

SOURCES: Registry[Callable[..., OpenedSource]] = Registry(
    "source",
    {
        "screen": "rushes.capture.screen:open_screen",
        "testcard": "rushes.capture.card:open_card",
        "file": "rushes.capture.files:open_file",
        "rtsp": "rushes.capture.live:open_rtsp",
        "rtsps": "rushes.capture.live:open_rtsp",
        "http": "rushes.capture.live:open_http",
        "https": "rushes.capture.live:open_http",
        "v4l2": "rushes.capture.live:open_v4l2",
        "depot": "rushes.capture.depot_source:open_depot",
    },
    extras={},
)
"""Scheme → opener. ``SOURCES.register("mine", "package.module:open_mine")`` adds one; an opener takes what
follows the colon, and ``uri=``, ``fps=`` and its own options by name."""


@overload
def open_source(uri: str, *, fps: None = None, coded: Literal[True], **options: Any) -> OpenedCodedSource: ...


@overload
def open_source(uri: str, *, fps: float | None = None, **options: Any) -> OpenedSource: ...


def open_source(uri: str, *, fps: float | None = None, **options: Any) -> OpenedSource:
    """The source at ``uri``: ``screen:``, ``screen:x,y,w,h``, ``testcard:WxH@fps``, ``file:PATH``,
    ``rtsp://…``, ``http://…``, ``v4l2:/dev/video0`` or ``depot:NAME``.

    ``fps``: how many frames a second to take; None for what the source itself gives. ``coded=True`` has a file or
    a network stream give its pictures as they are coded: a CodedSource. The other ``options`` are those of its
    kind. Raises UnknownName for another scheme, ConfigError for an address or option that is wrong, and
    SourceUnavailable when there is nothing at the address; a live source that may come later waits for it.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise ConfigError(
            f'{uri!r} is no address of a source; write it like "screen:" or "rtsp://host/path"', option="uri"
        )
    if fps is not None and not fps > 0:
        raise ConfigError(f"fps is {fps}; give a rate above 0, or None for the source's own", option="fps")
    opener = SOURCES.get(scheme)
    known = list(inspect.signature(opener).parameters)[1:]
    wrong = [name for name in options if name not in known]
    if wrong:
        own = ", ".join(name for name in known if name not in ("uri", "fps")) or "none"
        raise ConfigError(f"a {scheme}: source has no option {wrong[0]!r}; it has: {own}", option=wrong[0])
    return opener(rest, uri=uri, fps=fps, **options)
