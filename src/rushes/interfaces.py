"""What the parts promise one another.

Write a class with these methods and it fits; nothing needs to be inherited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.frame import Frame

__all__ = ["Closable", "FrameSink", "Source", "SourceInfo"]


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source gives: ``width``, ``height`` in pixels, ``fps`` a second (0: irregular), pixel format."""

    width: int
    height: int
    fps: float
    format: str


@runtime_checkable
class Closable(Protocol):
    """Something that holds what must be given back."""

    def close(self) -> None:
        """Gives it back. Final; may be called again, from any thread, and then does nothing."""
        ...


@runtime_checkable
class Source(Closable, Protocol):
    """Anything that yields frames.

    Iterating waits for each next frame, in the source's native format. It ends when the source has no more,
    or soon after ``close()`` from any thread; it raises SourceLost when the source broke down. One
    iteration at a time.
    """

    @property
    def info(self) -> SourceInfo:
        """Known before the first frame."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def stats(self) -> object:
        """A frozen record whose counters add up: offered = delivered + dropped by reason + waiting."""
        ...


@runtime_checkable
class FrameSink(Closable, Protocol):
    """Anything that takes frames."""

    def put(self, frame: Frame, /) -> object:
        """Takes one frame and says what became of it.

        The pixels may be reused by the caller when this returns.
        """
        ...
