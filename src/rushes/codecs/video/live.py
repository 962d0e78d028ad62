"""Live video: a coded picture for each picture at once, and a picture for each coded one at once.

Recordings may take their time and lean on a container; a live stream has neither. So the headers travel with each
key frame, and nothing waits for a picture that has not been taken yet.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from rushes._native import compiled
from rushes.codecs.colour import bgra_to_i420
from rushes.codecs.video.encoders import check_pace, encoder_options, find_encoder, names_of
from rushes.codecs.video.library import FFmpegError, Flags, PictureType, av
from rushes.codecs.video.memory import THEIRS, padded, wrap
from rushes.codecs.video.pictures import to_picture
from rushes.codecs.video.scale import convert, reshape_frame
from rushes.codecs.video.stamps import TICKS_PER_S, Stamps
from rushes.errors import CorruptImage, EncodeError, FrameError, unknown_name
from rushes.frame import check_array, picture_size
from rushes.lifecycle import Closeable
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.codecs.colour import Pixels

__all__ = ["MAX_SIDE", "MIN_SIDE", "Held", "LiveDecoder", "LiveEncoder", "Sample", "can_hold", "room_for"]

MIN_SIDE = 16
"""One block of H.264: smaller pictures would be mostly padding, and some encoders refuse them."""
MAX_SIDE = 16384

# The library refuses pictures of more, counted with a border all around.
_BORDER, _MOST = 128, (2**31 - 1) // 8
# For recordings these encoders may keep some pictures back.
_AT_ONCE = {"h264_nvenc": {"delay": "0", "zerolatency": "1"}}
# Without it missing pixels are guessed from what is around them, and the picture passes for a sound one.
_STRICT = {"err_detect": "explode"}


class Sample(NamedTuple):
    """One coded picture: ``data`` as Annex B (start codes, headers before each ``key`` frame)."""

    data: bytes
    key: bool


def can_hold(width: int, height: int) -> bool:
    """Whether pictures of this size can be coded here."""
    return (
        min(width, height) >= MIN_SIDE
        and max(width, height) <= MAX_SIDE
        and (width + _BORDER) * (height + _BORDER) < _MOST
    )


def room_for(height: int, width: int) -> int:
    """The ``max_pixels`` of a decoder for pictures of this size: what is decoded has sides of whole blocks."""
    return (width + 4 * MIN_SIDE) * (height + 4 * MIN_SIDE)


class LiveEncoder(Closeable):
    """Codes pictures of one size as H.264, each at once.

    ``width``, ``height``  in pixels, see :func:`can_hold`; odd sides are padded by one, which :class:`Held` cuts off.
    ``quality``  1 to 100, see :func:`rushes.codecs.video.encoders.crf`. ``fps``: the rate expected, 0 if irregular.
    ``gop_s``    a key frame at least this often, by the pictures' times, besides those asked for.
    ``threads``  of the encoder; 1 costs the least processor time in all.

    One thread at a time. Raises EncodeError when no encoder can be opened or it refuses this size, ConfigError and
    FrameError for options that cannot be used.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        quality: int = 80,
        fps: float = 30.0,
        gop_s: float = 4.0,
        threads: int = 1,
    ) -> None:
        super().__init__()
        _check(width, height, fps, gop_s, threads)
        self.width, self.height = width, height
        self.encoder = find_encoder(names_of("h264"))
        self._times = Stamps(fps, gop_s)
        self._context: Any = _open(self.encoder.name, width, height, quality, self._times.usual, threads)
        self._failed = False

    def encode(self, array: Pixels, format: str, captured_ns: int, *, key: bool = False) -> Sample:
        """The picture taken at ``captured_ns`` (UTC nanoseconds), coded; ``key``: so that it can be decoded alone.

        The array is "bgr24", "rgb24", "bgra", "gray8" or "i420", this or that at each call, and may be changed when
        this returns. Raises FrameError for an array of another size, EncodeError when the encoder fails: the next
        picture is then a key frame, as no decoder can know what the encoder builds upon.
        """
        self._check_open()
        frame = self._frame(array, format)
        frame.pts, begins = self._times.stamp(captured_ns, key or self._failed)
        frame.time_base = Fraction(1, TICKS_PER_S)
        frame.pict_type = PictureType.I if begins else PictureType.NONE
        self._failed = True
        try:
            packets = self._context.encode(frame)
        except FFmpegError as error:
            raise EncodeError(f"{self.encoder.name} failed: {error}", format="h264") from error
        if len(packets) != 1:
            raise EncodeError(
                f"{self.encoder.name} gave {len(packets)} coded pictures for one: it is not fit for live streams",
                format="h264",
            )
        self._failed = False
        return Sample(bytes(packets[0]), bool(packets[0].is_keyframe))

    def _frame(self, array: Pixels, format: str) -> av.VideoFrame:
        if format not in THEIRS:
            raise unknown_name("pixel format", format, THEIRS)
        check_array(array, format)
        if picture_size(array.shape, format) != (self.height, self.width):
            raise FrameError(
                f"this stream is {self.width}x{self.height}; got a {format} array of shape {array.shape}",
                shape=tuple(array.shape),
                format=format,
            )
        array = padded(array, self.height, self.width)
        if format in ("bgr24", "rgb24") and compiled() is not None:
            # By this way round, with the compiled core, in half the time that the library's scaler takes.
            array, format = convert(array, format, "bgra"), "bgra"
        planar = bgra_to_i420(array) if format == "bgra" else None
        if planar is not None:
            return wrap(planar, "i420")
        frame = wrap(array, format)
        return frame if format == "i420" else reshape_frame(frame, "i420", full_range=True)

    def _close(self) -> None:
        self._context = None


class Held:
    """A decoded picture in the decoder's own memory, ``width`` by ``height`` with padding; converted when asked for,
    so that pictures nobody takes cost no more than their decoding. Any thread, any number of times.
    """

    __slots__ = ("_frame", "height", "width")

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.width: int = frame.width
        self.height: int = frame.height

    @property
    def nbytes(self) -> int:
        """The memory that it holds."""
        return sum(plane.buffer_size for plane in self._frame.planes)

    def shows(self, height: int, width: int) -> bool:
        """Whether it is a picture of that size, padded to even sides."""
        return (self.height, self.width) == (height + height % 2, width + width % 2)

    def pixels(self, format: str, shape: Sequence[int]) -> Pixels:
        """A fresh, writeable array of ``shape`` in a pixel format, the padding cut off.

        CorruptImage when the picture is of another size; FrameError for a shape that is none of the format's.
        """
        height, width = picture_size(shape, format)
        if not self.shows(height, width):
            raise CorruptImage(
                f"an H.264 picture of {self.width}x{self.height} for one of {width}x{height}", format="h264"
            )
        picture = to_picture(self._frame, corrupt=False)
        made = convert(picture.array, picture.format, format)
        if (self.height, self.width) != (height, width):
            made = np.ascontiguousarray(made[:height, :width])
        return made.reshape(tuple(shape))


class LiveDecoder:
    """Decodes what a :class:`LiveEncoder` made, in its order, from a key frame on. One thread at a time.

    ``max_pixels`` is the most that a picture may have, whatever the data say: decoding makes room for it.
    """

    def __init__(self, *, max_pixels: int = MAX_PIXELS) -> None:
        context: Any = av.CodecContext.create("h264", "r")
        context.thread_count = 1
        context.flags |= Flags.low_delay
        self._max_pixels = max_pixels
        context.options = {"max_pixels": str(max_pixels)} | _STRICT
        self._context = context
        self._whole = False

    def feed(self, data: bytes | memoryview, *, key: bool) -> Held:
        """The picture of this sample. ``key`` is what the encoder said of it.

        CorruptImage for what cannot be decoded, or gives other than one picture at once; then, as at the start, the
        next sample must be a key frame, or it raises the same.
        """
        if key and not self._whole:
            self._context.flush_buffers()
        elif not self._whole:
            raise CorruptImage("an H.264 stream is decoded from a key frame on", format="h264")
        self._whole = False
        packet: av.Packet[Any] = av.Packet(cast("bytes", data))
        try:
            frames = self._context.decode(packet)
        except FFmpegError as error:
            raise CorruptImage(
                f"an H.264 picture cannot be decoded: {error.strerror}", format="h264"
            ) from error
        if len(frames) != 1 or frames[0].is_corrupt:
            raise CorruptImage(
                "an H.264 picture is broken, or builds upon one that is missing", format="h264"
            )
        check_pixels(frames[0].height, frames[0].width, limit=self._max_pixels)
        self._whole = True
        return Held(frames[0])


def _open(name: str, width: int, height: int, quality: int, usual: int, threads: int) -> Any:
    settings = encoder_options(name, quality) | _AT_ONCE.get(name, {})
    try:
        context: Any = av.CodecContext.create(name, "w")
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = THEIRS["i420"]
        context.time_base, context.framerate = Fraction(1, TICKS_PER_S), Fraction(TICKS_PER_S, usual)
        context.thread_count, context.max_b_frames = threads, 0
        # Groups are begun by time, or when asked for: counted in pictures they would grow with each one missed.
        context.gop_size = 1 << 20
        # What i420 is defined to be; unmarked, players take large pictures for another matrix.
        context.colorspace, context.color_range = 6, 1
        context.options = settings
        context.open()
    except (FFmpegError, ValueError) as error:
        raise EncodeError(f"{name} refuses {width}x{height}: {error}", format="h264") from error
    return context


def _check(width: int, height: int, fps: float, gop_s: float, threads: int) -> None:
    check_pixels(height, width)
    if not can_hold(width, height):
        raise FrameError(
            f"H.264 is made of {MIN_SIDE} to {MAX_SIDE} pixels a side here, not {width}x{height}",
            shape=(height, width),
        )
    check_pace(fps, gop_s, threads)
