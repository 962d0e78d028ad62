"""What is asked for and what is given: the records that pass between the saver and the back ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from rushes.errors import ConfigError
from rushes.moments import to_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rushes.frame import Frame

__all__ = ["Ask", "Moment", "Picture", "Place", "Shot", "Status", "Token", "status"]

Origin = Literal["live", "cache", "archive"]


class Status(NamedTuple):
    """The states that a callback is told, in the order in which they come; one of the last two ends."""

    in_queue: str = "in_queue"
    saving: str = "saving"
    success: str = "success"
    error: str = "error"


status = Status()
"""``status.in_queue``, ``status.saving``, ``status.success``, ``status.error``."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and the truth about it.

    ``data`` the bytes of a JPEG or PNG file; ``frame_number`` None where the back end knows none;
    ``captured_ns`` UTC nanoseconds, of the frame itself where it is known; ``age_s`` how old the picture
    was when it was handed over; ``source`` "live", "cache" or "archive"; ``figures`` whether figures were
    asked for and drawn; ``path`` the file, empty when none was wanted.
    """

    data: bytes = field(repr=False)
    frame_number: int | None
    captured_ns: int
    age_s: float
    source: Origin
    figures: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """When: ``dt`` as the file name tells it, ``ns`` UTC nanoseconds."""

    dt: datetime
    ns: int
    past: bool
    """False: now, whenever that is when the shot's turn comes."""

    @classmethod
    def of(cls, given: object, now_ns: int) -> Moment:
        """From an aware or naive (local) datetime, a UTC timestamp in seconds, or None for now.

        Raises ConfigError for anything else, and for a time outside of what a calendar holds.
        """
        if given is None:
            return cls(datetime.fromtimestamp(now_ns / 1e9), now_ns, past=False)
        # Whole microseconds: equal times must be equal keys.
        ns = to_ns(given)
        return cls(given if isinstance(given, datetime) else _local(ns), ns, past=True)


def _local(t_ns: int) -> datetime:
    try:
        return datetime.fromtimestamp(t_ns / 1e9)
    except (OverflowError, OSError, ValueError) as error:  # by the hours between UTC and here
        raise ConfigError(f"dt {t_ns / 1e9} is out of range: {error}", option="dt") from error


class Token(Protocol):
    """What a back end may look at while it works: the running job's own token."""

    @property
    def cancelled(self) -> bool:
        """True once nobody wants the picture any more."""
        ...

    def on_cancel(self, fn: Callable[[], Any], /) -> Any:
        """Calls ``fn`` when that happens."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One attempt to get a picture.

    ``dt`` None is now. A frame captured before ``not_before_ns`` is too old. ``timeout_s`` is how long this
    attempt may take in all.
    """

    channel: str
    dt: datetime | None
    moment_ns: int
    figures: bool
    not_before_ns: int
    timeout_s: float
    token: Token


@dataclass(frozen=True, slots=True)
class Picture:
    """What a back end answers: a frame, or the bytes of a picture file."""

    content: Frame | bytes
    captured_ns: int
    number: int | None
    source: Origin
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A channel that exists, its text for file names, and whether its pictures fail by themselves in time."""

    channel: str
    fields: Mapping[str, str]
    keeps_time: bool = False

    @classmethod
    def named(cls, channel: str, server: str, *, keeps_time: bool) -> Place:
        """One that is known by its name alone, as its server is."""
        fields = {
            "channel.name": channel,
            "channel.guid": channel,
            "server.name": server,
            "server.guid": server,
        }
        return cls(channel, fields, keeps_time)
