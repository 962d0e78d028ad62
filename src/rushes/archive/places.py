"""Where a segment's file lies in the archive's folder (pure)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

__all__ = ["channel_folder", "segment_path"]

# A name of a file has at most 255 bytes on every usual file system.
_LONGEST = 120
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def channel_folder(channel: str) -> str:
    """A folder's name for a channel of any name; no two channels have the same."""
    name = quote(channel, safe="")
    if name in (".", ".."):
        return name.replace(".", "%2E")
    if len(name) > _LONGEST:
        # Two percent signs in a row are in no quoted name.
        return f"{name[:_LONGEST]}%%{hashlib.sha256(channel.encode()).hexdigest()[:32]}"
    return name


def segment_path(channel: str, start_ns: int, segment_id: int) -> str:
    """The path relative to the archive's folder, by the hour in UTC in which the segment begins."""
    begin = _EPOCH + timedelta(microseconds=start_ns // 1000)
    return f"segments/{channel_folder(channel)}/{begin:%Y-%m-%d/%H/%H-%M-%S}-{segment_id}.mp4"
