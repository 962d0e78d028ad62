"""What streamers and receivers may be asked for, checked in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.codecs.jpeg import check_quality
from rushes.errors import ConfigError, unknown_name
from rushes.wire.keys import Keys, load

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.keys import Side

__all__ = [
    "CODECS",
    "POLICIES",
    "check_codec",
    "check_count",
    "check_name",
    "check_policy",
    "check_seconds",
    "check_tracks",
    "is_hubbed",
    "load_keys",
]

CODECS = ("jpeg", "raw", "h264")
POLICIES = ("drop_oldest", "drop_newest", "block")
_MOST_WORKERS = 64
_LONGEST_NAME = 512


def is_hubbed(endpoint: Endpoint, mapreduce: bool) -> bool:
    """Whether work is dealt out: by way of a hub, or among the processes of this machine."""
    return mapreduce


def load_keys(folder: str | os.PathLike[str] | None, side: Side, endpoint: Endpoint) -> Keys | None:
    """The keys in ``folder`` for that side; None without a folder."""
    if folder is None:
        return None
    if endpoint.scheme == "shm":
        raise ConfigError(f"{endpoint.shown} never leaves this machine: it takes no keys", option="keys")
    return load(folder, side)


def check_count(value: Any, option: str) -> int:
    """A number of workers."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_WORKERS:
        raise ConfigError(
            f"{option} must be a whole number from 1 to {_MOST_WORKERS}, not {value!r}", option=option
        )
    return value


def check_seconds(value: Any, option: str) -> None:
    """Returns for None, and for a number of seconds up to an hour."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (number and 0 <= value <= 3600):
        raise ConfigError(
            f"{option} must be a number of seconds from 0 to 3600, not {value!r}", option=option
        )


def check_name(value: Any, option: str) -> None:
    """Returns for None, and for a text that can travel."""
    if value is None:
        return
    try:
        fits = isinstance(value, str) and len(value.encode()) <= _LONGEST_NAME
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise ConfigError(
            f"{option} must be a text of at most {_LONGEST_NAME} bytes, not {value!r:.60}", option=option
        )


def check_policy(value: str | None, usual: str = "drop_oldest") -> str:
    """What happens to frames when there is no room."""
    policy = usual if value is None else value
    if policy not in POLICIES:
        raise unknown_name("when_full", policy, POLICIES)
    return policy


def check_codec(codec: str, quality: int) -> None:
    """Raises for a codec or quality that does not exist."""
    if codec not in CODECS:
        raise unknown_name("codec", codec, CODECS)
    check_quality(quality)


def check_tracks(tracks: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the tracks: "none" alone unless told otherwise."""
    if tracks is None:
        return ("none",)
    if isinstance(tracks, str) or not tracks or not all(tracks):
        raise ConfigError(f'tracks must be a list of names like ["none"], not {tracks!r}', option="tracks")
    if len(set(tracks)) != len(tracks):
        raise ConfigError(f"tracks names one twice: {list(tracks)}", option="tracks")
    return tuple(tracks)
