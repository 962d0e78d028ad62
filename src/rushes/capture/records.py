"""What every source tells of itself, and what some can do beyond giving frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from rushes.interfaces import CodedSource, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from rushes.codecs.colour import Pixels

__all__ = ["FillsArrays", "OpenedCodedSource", "OpenedSource", "SourceStats"]


@dataclass(frozen=True, slots=True)
class SourceStats:
    """A source's ledger of one moment: offered = delivered + dropped by reason + waiting.

    ``dropped``: "late" (a deadline passed while the consumer was busy), "stale" (a newer frame came before the
    consumer asked), "damaged", "missed", "rate" (more than were asked for), "closed" (waited at the close); of
    coded pictures also "no key frame" (before the first one) and "behind" (the consumer was too slow).
    ``late``: frames that came more than half a period after their deadline. ``state``: "opening", "live", "late",
    "lost", "ended" or "closed". ``backend``: by which way the pictures are had, and why not by a better one.
    """

    name: str
    offered: int = 0
    delivered: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    late: int = 0
    reconnects: int = 0
    state: str = "live"
    backend: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether the identity holds; False would be a bug of the source."""
        return (
            self.waiting >= 0 and self.offered == self.delivered + sum(self.dropped.values()) + self.waiting
        )


class OpenedSource(Source, Protocol):
    """What ``open_source`` gives: a source to be used in a with-block, whose ledger is a SourceStats."""

    def stats(self) -> SourceStats:
        """The ledger of this moment."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class OpenedCodedSource(OpenedSource, CodedSource, Protocol):
    """What ``open_source`` gives for ``coded=True``: iterate its ``packets()``; it has no frames."""

    def stats(self) -> SourceStats:
        """The ledger of this moment."""
        ...


@runtime_checkable
class FillsArrays(Protocol):
    """A source that can put its newest picture straight into memory of the caller, such as a depot's slot.

    The caller then keeps the pace; it must not iterate the source at the same time.
    """

    def grab_into(self, array: Pixels, format: str, number: int) -> int:
        """Fills ``array``, which has the shape of a whole picture in ``format``; an odd last row or column
        stays away for i420. Frame ``number`` is for sources that show it. Returns when it was taken, in UTC
        nanoseconds.
        """
        ...
