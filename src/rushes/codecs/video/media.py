"""What is known about a video, its packets and its pictures, in plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["Damage", "MediaInfo", "Packet", "Picture"]


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """The one video stream of an input.

    ``width``, ``height``  pixels, as the stream's head says.
    ``fps``           frames a second; 0.0 when the stream does not tell.
    ``codec``         "h264", "hevc", "mjpeg", … by its common name.
    ``pixel_format``  the coder's own name of its layout, such as "yuv420p".
    ``native_format`` that of the pictures given: "i420", "bgr24", "bgra" or "gray8".
    ``duration_s``    None when unknown, as for live streams and for files still being written.
    ``extradata``     the coder's header bytes; empty when there are none.
    ``live``          True when the end of data means a lost link instead of an end.
    """

    width: int
    height: int
    fps: float
    codec: str
    pixel_format: str
    native_format: str
    duration_s: float | None = None
    extradata: bytes = b""
    live: bool = False
    #: The coder's parameters, for a stream copy; never leaves this package.
    template: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture as it lies in the stream. Times are seconds of the stream's own clock.

    ``pts_s`` is when it is shown, ``dts_s`` when it is decoded; either is None where the stream has none.
    ``size`` is in bytes.
    """

    pts_s: float | None
    dts_s: float | None
    duration_s: float
    keyframe: bool
    size: int
    #: The library's own packet; never leaves this package.
    coded: Any = field(default=None, repr=False, compare=False)

    def bytes(self) -> bytes:
        """A copy of the coded bytes."""
        return bytes(self.coded)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture.

    ``array``   fresh and contiguous, laid out as ``format`` says: (height * 3 // 2, width) for "i420",
                (height, width, 3) for "bgr24", (height, width, 4) for "bgra", (height, width) for "gray8".
    ``pts_s``   seconds of the stream's own clock; None where the stream has none.
    ``corrupt`` pixels were lost and guessed, here or in a picture that this one builds upon.
    """

    array: Pixels
    format: str
    pts_s: float | None
    keyframe: bool
    corrupt: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """What was wrong with an input so far, in counts.

    ``bad_packets``        could not be read or decoded.
    ``skipped_until_key``  were sound, but built upon a bad one.
    ``corrupt_frames``     were given, marked as corrupt.
    """

    bad_packets: int = 0
    skipped_until_key: int = 0
    corrupt_frames: int = 0

    @property
    def any(self) -> bool:
        """True when anything was wrong."""
        return bool(self.bad_packets or self.skipped_until_key or self.corrupt_frames)
