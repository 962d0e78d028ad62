"""What must go, and what may stay: decided from numbers alone (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rushes.archive.records import Segment

__all__ = ["Ageing", "Limits", "choose"]

_SECOND_NS = 1_000_000_000
_JUMP_NS = 3600 * _SECOND_NS


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept: ``max_bytes`` of local files, nothing that ended ``max_age_s`` ago (None: no such limit),
    and ``min_free_bytes`` of the disk for others. ``keep_s``: channels whose recordings go sooner than that.

    Raises ConfigError for a limit that would keep nothing, or is no limit at all.
    """

    max_bytes: int | None = None
    max_age_s: float | None = None
    min_free_bytes: int = 0
    keep_s: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_bytes is not None and self.max_bytes <= 0:
            raise _wrong("max_bytes", self.max_bytes, "leave it out to keep as much as the disk holds")
        for name, age_s in (
            ("max_age_s", self.max_age_s),
            *(("keep_s", each) for each in self.keep_s.values()),
        ):
            if age_s is not None and not (math.isfinite(age_s) and age_s > 0):
                raise _wrong(name, age_s, "leave it out to keep recordings of any age")
        if self.min_free_bytes < 0:
            raise _wrong("min_free_bytes", self.min_free_bytes, "0 leaves nothing free", least="0 or more")

    def shortage(self, usage_bytes: int, free_bytes: int, need_bytes: int) -> int:
        """Bytes that must be freed before ``need_bytes`` more can be written; 0 or less when they can be now."""
        short = self.min_free_bytes + need_bytes - free_bytes
        if self.max_bytes is not None:
            short = max(short, usage_bytes + need_bytes - self.max_bytes)
        return short

    def too_old(self, end_ns: int, now_ns: int, channel: str = "") -> bool:
        """Whether what ended at ``end_ns`` is to be forgotten."""
        ages = (self.max_age_s, self.keep_s.get(channel))
        age_s = min((each for each in ages if each is not None), default=None)
        return age_s is not None and end_ns < now_ns - round(age_s * _SECOND_NS)


def choose(
    oldest: Iterable[Segment],
    usage_bytes: int,
    free_bytes: int,
    now_ns: int,
    need_bytes: int,
    limits: Limits,
) -> list[Segment]:
    """Those of ``oldest``, which are in order, that must go so that ``need_bytes`` more can be written.

    The first ones first, and no more than it takes; never one that is being written. One in the cold store goes
    for its age alone, as its end frees nothing here. ``oldest`` is read no further than is needed.
    """
    chosen: list[Segment] = []
    short = limits.shortage(usage_bytes, free_bytes, need_bytes)
    for segment in oldest:
        if segment.state != "closed":
            continue
        presses = short > 0 and not segment.cold
        if presses or limits.too_old(segment.end_ns, now_ns):
            chosen.append(segment)
            short -= 0 if segment.cold else segment.bytes
        # One from the future was recorded by a wrong clock: it says nothing about the age of those behind it.
        elif short <= 0 and segment.end_ns <= now_ns:
            break
    return chosen


class Ageing:
    """The time by which recordings grow old.

    A clock that is set forward by more than an hour is not believed as long as this lives: a mistaken year would
    have everything deleted at once. Time then goes on from where it was. Following such a jump slowly was
    rejected: it would delete just as much, only while nobody looks.
    """

    def __init__(self, wall_ns: int, monotonic_ns: int) -> None:
        self._ahead_ns = wall_ns - monotonic_ns

    def trusted_now(self, wall_ns: int, monotonic_ns: int) -> int:
        """UTC nanoseconds: ``wall_ns``, unless it jumped forward."""
        ahead_ns = wall_ns - monotonic_ns
        if ahead_ns - self._ahead_ns > _JUMP_NS:
            return monotonic_ns + self._ahead_ns
        # Small steps are a clock being kept right. One set back makes nothing old, and may be put right again.
        self._ahead_ns = max(self._ahead_ns, ahead_ns)
        return wall_ns


def _wrong(option: str, value: float, remedy: str, *, least: str = "more than 0") -> ConfigError:
    return ConfigError(f"{option} must be {least}, got {value}: {remedy}", option=option)
