"""The best way of grabbing that works here, and why not a better one."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Protocol

from rushes.errors import ConfigError, MissingExtra, SourceUnavailable, unknown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.capture.screen.region import Region
    from rushes.codecs.colour import Pixels

__all__ = ["WAYS", "Grabber", "choose"]


class Grabber(Protocol):
    """One way of grabbing one region."""

    name: str
    region: Region

    def __init__(self, display: str, wanted: Sequence[int] | None) -> None: ...

    def grab(self) -> Pixels:
        """The pixels of now."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...


WAYS = {
    "x-shm": "rushes.capture.screen.x_shm:XShm",
    "x11grab": "rushes.capture.screen.x11grab:X11Grab",
    "mss": "rushes.capture.screen.mss_grab:Mss",
}
"""The cheapest first: x11grab takes about twice what x-shm does, mss forty times."""


def choose(display: str | None, wanted: Sequence[int] | None, backend: str | None) -> tuple[Grabber, str]:
    """The first way that works, or ``backend`` and no other; and what to say of the choice.

    ``display`` None is the one that the environment names. Raises SourceUnavailable with the reason of each
    when none works, ConfigError for a region that is not on the screen, UnknownName for a back end that is
    none.
    """
    if backend is not None and backend not in WAYS:
        raise unknown_name("screen back end", backend, WAYS)
    shown = os.environ.get("DISPLAY", "") if display is None else display
    if not shown and sys.platform == "linux":
        raise SourceUnavailable(
            "there is no X display: DISPLAY is not set; run in a desktop session, or under Xvfb", uri=shown
        )
    refused: list[str] = []
    for name in WAYS if backend is None else (backend,):
        try:
            grabber = _load(name)(shown, wanted)
        except ConfigError as error:
            if not isinstance(error, MissingExtra):
                raise
            refused.append(f"{name}: {error}")
        except (SourceUnavailable, ImportError) as error:
            refused.append(f"{name}: {error}")
        else:
            return grabber, "; not ".join([name, *refused])
    raise SourceUnavailable(f"display {shown!r} cannot be captured: {'; '.join(refused)}", uri=shown)


def _load(name: str) -> type[Grabber]:
    module, _, attribute = WAYS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
