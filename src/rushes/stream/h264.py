"""H.264 on the wire: frames of each track coded one upon the other, and decoded as far as none is missing."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.codecs import jpeg, to_pixels
from rushes.errors import BadMessage, CorruptImage, FrameError
from rushes.frame import FORMATS, picture_size
from rushes.lifecycle import Closeable
from rushes.stream.chain import Chain, mark, upon
from rushes.stream.encoding import Encoded, to_jpeg, to_raw
from rushes.wire.message import MAX_BYTES

if TYPE_CHECKING:
    from rushes.codecs.video.live import Held, LiveDecoder, LiveEncoder
    from rushes.frame import Frame
    from rushes.stream.numbering import Place
    from rushes.wire.message import Header, Message

__all__ = ["MOST_TRACKS", "VideoDecoder", "VideoEncoder"]

MOST_TRACKS = 8
"""How many tracks are coded or decoded at once; of more, the one unheard of for longest begins anew."""

Size = tuple[int, int]


@dataclass(slots=True)
class _Coding:
    run: int
    size: Size
    encoder: LiveEncoder
    last: int | None = None


class VideoEncoder(Closeable):
    """Frames as H.264 of a ``quality`` from 1 to 100, each track for itself.

    One thread at a time, and frames in the order of their numbers: each builds upon the one before.
    """

    def __init__(self, quality: int = 80) -> None:
        super().__init__()
        importlib.import_module(
            "rushes.codecs.video.live"
        )  # takes as long as several frames: not at the first
        jpeg.check_quality(quality)
        self._quality = quality
        self._codings: OrderedDict[str, _Coding] = OrderedDict()

    def encode(self, frame: Frame, place: Place, *, key: bool = False) -> Encoded:
        """The frame, to be sent under that place; ``key`` makes one that can be decoded alone.

        A key frame is made too when the run begins, its size changes, and every four seconds. A frame that is a
        JPEG becomes "bgr24". What H.264 cannot hold (other types than uint8, under 16 or over 16384 pixels a side)
        travels raw, and exactly. Whatever is made must be sent: the next builds upon it. EncodeError when there is
        no encoder here or it fails, CorruptImage for a broken JPEG.
        """
        self._check_open()
        size = _codable(frame)
        if size is None:
            return _uncoded(frame, self._quality)
        array, format = to_pixels(frame.array, frame.format)
        coding = self._coding(place, size)
        before = coding.last
        sample = coding.encoder.encode(array, format, frame.captured_ns, key=key)
        coding.last = place.number
        data = sample.data if sample.key or before is None else mark(sample.data, before)
        return Encoded("h264", format, "u1", array.shape, data, sample.key)

    def _coding(self, place: Place, size: Size) -> _Coding:
        # Not above: it loads the video library, which only those who code video shall wait for.
        from rushes.codecs.video.live import LiveEncoder

        found = self._codings.get(place.track)
        if found is not None and (found.run, found.size) != (place.run, size):
            self._codings.pop(place.track).encoder.close()
            found = None
        if found is None:
            height, width = size
            found = _Coding(place.run, size, LiveEncoder(width, height, quality=self._quality))
            self._codings[place.track] = found
            if len(self._codings) > MOST_TRACKS:
                self._codings.popitem(last=False)[1].encoder.close()
        self._codings.move_to_end(place.track)
        return found

    def _close(self) -> None:
        for each in self._codings.values():
            each.encoder.close()
        self._codings.clear()


@dataclass(slots=True)
class _Decoding:
    chain: Chain = field(default_factory=Chain)
    size: Size = (0, 0)
    decoder: LiveDecoder | None = None


class VideoDecoder:
    """Decodes H.264 messages, each run and track for itself. One thread at a time, in the order of arrival."""

    def __init__(self) -> None:
        self._decodings: OrderedDict[tuple[int, str], _Decoding] = OrderedDict()

    def feed(self, message: Message) -> Held | None:
        """The picture, whose ``pixels(header.format, header.shape)`` are to be had later and on any thread; None when
        it builds upon one that was lost, or came before we listened.

        BadMessage for a header that H.264 cannot fulfil, CorruptImage for data that cannot be decoded.
        """
        header = message.header
        size = _size(header)
        decoding = self._decoding(header.run, header.track)
        if not decoding.chain.arrived(header.number, header.key, upon(message.payload)):
            return None
        try:
            return _fed(decoding, size, message)
        except CorruptImage:
            decoding.chain.lost()
            raise

    def wants_key(self, now_s: float) -> tuple[str, ...]:
        """The tracks whose sender should be asked for a key frame now; see :meth:`Chain.wants_key`."""
        wanting = [track for (_, track), each in self._decodings.items() if each.chain.wants_key(now_s)]
        return tuple(dict.fromkeys(wanting))

    def clear(self) -> None:
        """Forgets all streams and their pictures."""
        self._decodings.clear()

    def _decoding(self, run: int, track: str) -> _Decoding:
        found = self._decodings.setdefault((run, track), _Decoding())
        self._decodings.move_to_end((run, track))
        if len(self._decodings) > MOST_TRACKS:
            self._decodings.popitem(last=False)
        return found


def _fed(decoding: _Decoding, size: Size, message: Message) -> Held:
    from rushes.codecs.video.live import LiveDecoder, room_for

    key = message.header.key
    if decoding.decoder is None or decoding.size != size:
        if not key:
            raise CorruptImage("an H.264 stream changed its size without a key frame", format="h264")
        decoding.size, decoding.decoder = size, LiveDecoder(max_pixels=room_for(*size))
    held = decoding.decoder.feed(message.payload, key=key)
    if not held.shows(*size):
        raise CorruptImage(
            f"an H.264 picture of {held.width}x{held.height} under a header that says {size[1]}x{size[0]}",
            format="h264",
        )
    return held


def _codable(frame: Frame) -> Size | None:
    """The picture's size if H.264 can hold it."""
    from rushes.codecs.video.live import can_hold

    if frame.format == "jpeg":
        size = jpeg.read_size(frame.array)
    elif FORMATS[frame.format].picture and frame.array.dtype == np.uint8 and frame.array.size:
        size = picture_size(frame.array.shape, frame.format)
    else:
        return None
    return size if can_hold(size[1], size[0]) else None


def _uncoded(frame: Frame, quality: int) -> Encoded:
    # A picture over H.264's limits may be over those of a message as well; then it is one that JPEG can hold.
    array: Any = frame.array
    return to_raw(frame) if array.nbytes <= MAX_BYTES else to_jpeg(frame, quality)


def _size(header: Header) -> Size:
    """The size that the header announces; BadMessage when H.264 gives no such array."""
    from rushes.codecs.video.live import can_hold

    rule = FORMATS.get(header.format)
    try:
        height, width = picture_size(header.shape, header.format) if rule else (0, 0)
    except FrameError:
        height = width = 0
    if header.codec != "h264" or header.dtype != "u1" or not can_hold(width, height):
        raise BadMessage(
            f"{header.codec} gives no {header.format[:20]!r} array of {header.dtype} and shape {header.shape}"
        )
    return height, width
