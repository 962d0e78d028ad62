"""Where each coded picture lies in a fragmented MP4, and where its whole fragments end."""

from __future__ import annotations

import os
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from rushes.codecs.video.library import FFmpegError, InvalidDataError, NoData, av
from rushes.codecs.video.media import MediaInfo
from rushes.codecs.video.pictures import native_format
from rushes.codecs.video.template import Template
from rushes.errors import UnsupportedFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CodedSample", "Layout", "describe", "probe", "scan"]

# Everything that is asked for stands in the boxes. Without these the library decodes the first pictures as
# well, to find out what it may need to play them.
_HEAD_ONLY = {"probesize": "32", "analyzeduration": "0"}
_HEADER = 8
_LONG_HEADER = 16


class CodedSample(NamedTuple):
    """One coded picture: its first byte and size in the data, when it is shown in nanoseconds of the file's clock."""

    position: int
    size: int
    pts_ns: int
    keyframe: bool


class Layout(NamedTuple):
    """What a decoder needs to know, and every sample in the order of decoding."""

    codec: str
    extradata: bytes
    width: int
    height: int
    samples: tuple[CodedSample, ...]


def probe(data: bytes) -> Layout:
    """The layout of an MP4's beginning ("ftyp" and "moov") with any fragments behind it.

    A sample whose bytes are cut off is left out, and so is what follows it. Raises UnsupportedFormat when the
    beginning is not that of a video.
    """
    file, end = BytesIO(data), 0
    for name, begin, after in _boxes(file, len(data)):
        # Of samples cut off in their midst there may be whole ones; of a description there is nothing to be had.
        end = min(after, len(data)) if after <= len(data) or name == b"mdat" else begin
    return _read(_Until(file, end))


def scan(path: str | os.PathLike[str]) -> tuple[Layout, tuple[int, ...]]:
    """The layout of a file's whole fragments, and where each of them ends, in bytes from its beginning.

    A file that breaks off in the middle of a fragment gives those before it; one that breaks off before the
    end of the first gives no samples. Never holds more than one fragment's description in memory besides the
    answer. Raises UnsupportedFormat when the beginning is not that of a video, OSError when it cannot be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        whole = [(name, after) for name, _, after in _boxes(file, size) if after <= size]
        ends = tuple(after for name, after in whole if name == b"mdat")
        heads = [after for name, after in whole if name == b"moov"]
        return _read(_Until(file, ends[-1] if ends else max(heads, default=0))), ends


def describe(head: bytes, fps: float) -> MediaInfo:
    """What is known of the video that begins with ``head`` ("ftyp" and "moov"), for copying its samples.

    ``fps`` is passed on. Raises UnsupportedFormat when it is no beginning of a video.
    """
    with _opened(_Until(BytesIO(head), len(head))) as (_, stream):
        context = stream.codec_context
        return MediaInfo(
            width=context.width,
            height=context.height,
            fps=fps,
            codec=context.codec.canonical_name,
            pixel_format=context.pix_fmt or "",
            native_format=native_format(context.pix_fmt, context.width, context.height),
            extradata=context.extradata or b"",
            template=Template(stream),
        )


@contextmanager
def _opened(file: _Until) -> Iterator[tuple[Any, Any]]:
    """The container and its stream of moving pictures."""
    if not file.end:
        raise UnsupportedFormat("a video that breaks off in its beginning", format="mp4")
    try:
        container = av.open(file, format="mp4", options=_HEAD_ONLY)
    except (FFmpegError, ValueError) as error:
        raise UnsupportedFormat(f"this is no beginning of a video: {error}", format="mp4") from error
    with container:
        if not container.streams.video:
            raise UnsupportedFormat("there is no video in this file", format="mp4")
        stream: Any = container.streams.video[0]
        if stream.codec_context is None:
            raise UnsupportedFormat("there is no decoder here for the video in this file", format="mp4")
        yield container, stream


def _read(file: _Until) -> Layout:
    with _opened(file) as (container, stream):
        samples = tuple(_samples(container, stream, file.end))
        context = stream.codec_context
        name = context.codec.canonical_name
        return Layout(name, context.extradata or b"", context.width, context.height, samples)


def _samples(container: Any, stream: Any, end: int) -> Iterator[CodedSample]:
    base = stream.time_base * 1_000_000_000
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (InvalidDataError, NoData):
            return  # what follows is torn
        if packet is None or packet.pos is None or packet.is_corrupt or packet.pos + packet.size > end:
            return
        shown = packet.dts if packet.pts is None else packet.pts
        yield CodedSample(packet.pos, packet.size, round((shown or 0) * base), packet.is_keyframe)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each outermost box; the last one may end behind ``size``.

    No more of them is looked at: the library tells of samples, but not whether a fragment has all of its own.
    """
    begin = 0
    while begin + _HEADER <= size:
        file.seek(begin)
        head = file.read(_LONG_HEADER)
        length, name, least = int.from_bytes(head[:4], "big"), head[4:8], _HEADER
        if length == 1 and len(head) == _LONG_HEADER:
            length, least = int.from_bytes(head[8:], "big"), _LONG_HEADER
        if length < least:
            return
        yield name, begin, begin + length
        begin += length


class _Until:
    """A file as if it ended at ``end``: to the library, what is torn there is not there at all."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self.end = end
        self._file = file
        file.seek(0)

    def read(self, size: int) -> bytes:
        return self._file.read(max(0, min(size, self.end - self._file.tell())))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self.end}[whence]
        return self._file.seek(base + offset)

    def tell(self) -> int:
        return self._file.tell()
