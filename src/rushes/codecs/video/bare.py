"""Decoding coded pictures that were read from somewhere in the middle of a recording, without its container."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from rushes.codecs.video.library import FFmpegError, av
from rushes.codecs.video.library import NoData as Drained
from rushes.codecs.video.pictures import to_picture
from rushes.errors import CorruptImage, UnsupportedFormat
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushes.codecs.video.media import Picture

__all__ = ["BareDecoder", "Decoded"]

_TICK = Fraction(1, 1_000_000_000)
# A stream that does not say how far its pictures are out of order is taken for one where they are not until
# the first is, and that one is lost. With this it is taken for one that reorders as far as its level allows.
_REORDERED = {"strict": "1"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded picture in the decoder's own memory: ``order`` counts the samples fed before its own."""

    order: int
    nbytes: int
    _frame: Any = field(repr=False)

    def picture(self) -> Picture:
        """A fresh array of its pixels, in the format that they are nearest to. It has no time."""
        return replace(to_picture(self._frame, corrupt=False), pts_s=None)


class BareDecoder:
    """A decoder of samples as they lie in an MP4, one thread, for one run of them that begins with a key frame.

    ``codec`` and ``extradata`` are those of :class:`rushes.codecs.video.fragments.Layout`. ``reordered``: the
    samples are not in the order in which they are shown, so pictures come later than their samples.

    Raises CorruptImage for a sample that cannot be decoded or that pixels had to be guessed for; then it is of no
    more use. Pictures that build upon what came before the run are left out. A sample that was changed but can
    still be decoded, or one left out in the middle, is not always noticed: check the bytes before. FrameError
    for a picture over the pixel limit; UnsupportedFormat when there is no such decoder. One thread at a time.
    """

    def __init__(self, codec: str, extradata: bytes, *, reordered: bool = False) -> None:
        try:
            context = av.CodecContext.create(codec, "r")
        except (FFmpegError, ValueError) as error:
            raise UnsupportedFormat(f"no decoder for {codec!r} here", format=codec) from error
        if not isinstance(context, av.VideoCodecContext):
            raise UnsupportedFormat(f"{codec!r} is no video", format=codec)
        context.extradata = extradata or None
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_PIXELS)} | (_REORDERED if reordered else {})
        self._context = context
        self._codec = codec
        self._fed = 0

    @property
    def fed(self) -> int:
        """How many samples it was given."""
        return self._fed

    def feed(self, sample: bytes | memoryview) -> list[Decoded]:
        """The pictures that one more sample completes: mostly its own."""
        packet: av.Packet[Any] = av.Packet(cast("bytes", sample))
        packet.pts = packet.dts = self._fed
        packet.time_base = _TICK
        self._fed += 1
        return self._decode(packet)

    def finish(self) -> list[Decoded]:
        """The pictures still held back; nothing can be fed any more."""
        return self._decode(None)

    def last(self, samples: Iterable[bytes | memoryview]) -> Picture:
        """The picture of the last one of ``samples``; only this one's pixels are copied out.

        Unless it came at once nothing can be fed any more. CorruptImage too when it does not come at all.
        """
        made: list[Decoded] = []
        for sample in samples:
            made = self.feed(sample)
        wanted = self._fed - 1
        found = _of(made, wanted) or _of(self.finish(), wanted)
        if found is None:
            raise CorruptImage(
                f"the {self._codec} stream gave no picture for sample {wanted}", format=self._codec
            )
        return found.picture()

    def _decode(self, packet: Any) -> list[Decoded]:
        try:
            frames = self._context.decode(packet)
        except Drained:
            return []
        except FFmpegError as error:
            raise CorruptImage(
                f"{self._codec} sample {self._fed - 1} cannot be decoded: {error.strerror}",
                format=self._codec,
            ) from error
        return [self._decoded(frame) for frame in frames]

    def _decoded(self, frame: Any) -> Decoded:
        check_pixels(frame.height, frame.width, limit=MAX_PIXELS)
        if frame.is_corrupt or frame.pts is None:
            raise CorruptImage(
                f"{self._codec} sample {frame.pts} was decoded with pixels missing", format=self._codec
            )
        return Decoded(frame.pts, sum(plane.buffer_size for plane in frame.planes), frame)


def _of(made: list[Decoded], order: int) -> Decoded | None:
    return next((each for each in made if each.order == order), None)
