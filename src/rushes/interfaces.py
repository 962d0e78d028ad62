"""What the parts promise one another.

Write a class with these methods and it fits; nothing needs to be inherited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rushes.frame import Frame

__all__ = ["Archive", "Closable", "CodedPicture", "CodedSource", "Source", "SourceInfo"]


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


class CodedPicture(NamedTuple):
    """One coded picture.

    ``packet`` is a ``rushes.codecs.video.media.Packet``; ``captured_ns`` when it was taken, in UTC nanoseconds;
    ``number`` counts from 0 in the order of decoding.
    """

    packet: Any
    captured_ns: int
    number: int


@runtime_checkable
class CodedSource(Closable, Protocol):
    """Anything that gives its pictures as they were coded, to be stored or sent on without coding them anew."""

    @property
    def media(self) -> Any:
        """The coding, a ``rushes.codecs.video.media.MediaInfo``; known before the first picture."""
        ...

    def packets(self) -> Iterator[CodedPicture]:
        """Waits for each next picture, in the order of decoding, the first one a key frame.

        Between two key frames none is left out, except the last ones up to the second: all that is given can
        be decoded. ``captured_ns`` goes back only where pictures are decoded in another order than they are
        shown. Ends and raises as a Source's iteration does. One iteration at a time.
        """
        ...

    def stats(self) -> object:
        """A frozen record whose counters add up, as a Source's."""
        ...


@runtime_checkable
class Archive(Protocol):
    """Anything that can show a channel as it was: ``rushes.Archive``, or one of your own."""

    def frame_at(
        self, channel: str, dt: datetime | float, /, *, exact: bool = True, figures: bool = False
    ) -> Frame:
        """The newest frame at or before ``dt``; with ``exact`` False one near it, for less work.

        ``figures``: filled in and drawn. Raises NoSuchMoment when there is none; never gives another instead. Any
        thread.
        """
        ...
