"""What the file of an export is called (pure)."""

from __future__ import annotations

import re
from datetime import datetime

from rushes.shots.names import safe

__all__ = ["file_name", "is_file_name"]

_LONGEST = 60
_AT = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d"
# With a dot and ".new" around it while it is written, with a number where there are two.
_MADE = re.compile(rf"\.?.*_{_AT}--({_AT}|\d\d-\d\d-\d\d)( \(\d+\))?\.(mp4|gif|webp)(\.new)?", re.DOTALL)


def file_name(channel: str, start_s: float, end_s: float, suffix: str, turn: int = 1) -> str:
    """ "yard_2026-11-21_14-03-07--14-05-00.mp4", by local time: a name that every file system takes. The second one
    has " (2)" behind it, and so on.
    """
    start, end = datetime.fromtimestamp(start_s), datetime.fromtimestamp(end_s)
    until = f"{end:%H-%M-%S}" if end.date() == start.date() else f"{end:%Y-%m-%d_%H-%M-%S}"
    number = f" ({turn})" if turn > 1 else ""
    return f"{safe(channel[:_LONGEST])}_{start:%Y-%m-%d_%H-%M-%S}--{until}{number}.{suffix}"


def is_file_name(name: str) -> bool:
    """Whether :func:`file_name` could have given it, or a file on its way to it has it."""
    return _MADE.fullmatch(name) is not None
