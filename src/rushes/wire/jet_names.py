"""What stores, subjects and consumers of a stream are called on the server (pure).

The hub grants its roles exactly these names, see :mod:`rushes.wire.hub_permissions`.
"""

from __future__ import annotations

import re

from rushes.errors import ConfigError

__all__ = [
    "RECEIVER",
    "check_id",
    "check_positive",
    "check_stream",
    "check_subject",
    "check_track",
    "claim_subject",
    "consumer_of",
    "progress_store",
    "progress_subject",
    "result_store",
    "result_subject",
    "result_subjects",
    "track_of",
    "work_store",
    "work_subject",
]

RECEIVER = "receiver"
"""The one consumer of a stream's results."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,99}")
_ID = re.compile(r"[!-~]{1,255}")
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,99}(\.[A-Za-z0-9_-]{1,99}){0,7}")


def check_stream(stream: str) -> str:
    """``stream`` itself; ConfigError when a store cannot be called so."""
    if not _NAME.fullmatch(stream):
        raise ConfigError(
            f"a stream for workers cannot be called {stream!r}: use up to 99 letters, digits, _ and -",
            option="stream",
        )
    return stream


def check_track(track: str) -> str:
    """``track`` itself; ConfigError when a consumer cannot be called so."""
    if not _NAME.fullmatch(track):
        raise ConfigError(
            f"a track for workers cannot be called {track!r}: use up to 99 letters, digits, _ and -",
            option="track",
        )
    return track


def check_id(message_id: str) -> str:
    """``message_id`` itself; ConfigError unless it is of 1 to 255 printable ASCII characters without a blank."""
    if not _ID.fullmatch(message_id):
        raise ConfigError(
            f"a message's id is of 1 to 255 printable ASCII characters, not {message_id!r}",
            option="message_id",
        )
    return message_id


def check_positive(**options: float) -> None:
    """Raises ConfigError for an option that is not more than 0."""
    for option, value in options.items():
        if not value > 0:
            raise ConfigError(f"{option} must be more than 0, got {value}", option=option)


def check_subject(subject: str) -> str:
    """``subject`` itself; ConfigError when nothing can be published to it."""
    if not _SUBJECT.fullmatch(subject):
        raise ConfigError(
            f"a subject is of words of letters, digits, _ and -, with dots between, not {subject!r}",
            option="subject",
        )
    return subject


def work_store(stream: str) -> str:
    """The store of the frames to be worked on."""
    return f"W_{check_stream(stream)}"


def result_store(stream: str) -> str:
    """The store of what became of them."""
    return f"R_{check_stream(stream)}"


def progress_store(stream: str) -> str:
    """The store of how far the receiver of the results has come."""
    return f"P_{check_stream(stream)}"


def consumer_of(track: str) -> str:
    """The consumer of a track of work."""
    return f"T_{check_track(track)}"


def track_of(consumer: str) -> str:
    """The track whose consumer this is."""
    return consumer.removeprefix("T_")


def work_subject(stream: str) -> str:
    """Where frames are published to be worked on."""
    return f"rushes.{check_stream(stream)}.work"


def result_subject(stream: str, track: str) -> str:
    """Where a track's results are published."""
    return f"rushes.{check_stream(stream)}.result.{check_track(track)}"


def progress_subject(stream: str) -> str:
    """Where a receiver notes how far it has come."""
    return f"rushes.{check_stream(stream)}.progress"


def claim_subject(stream: str) -> str:
    """Where the receiver of a stream answers whoever asks whether there is one."""
    return f"rushes.{check_stream(stream)}.claim"


def result_subjects(stream: str) -> list[str]:
    """Everything that is kept with a stream's results."""
    start = f"rushes.{check_stream(stream)}"
    return [f"{start}.result", f"{start}.result.>"]
