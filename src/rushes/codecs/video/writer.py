"""Recording: arrays, or packets as they came, into an MP4 that can be read while it is being written."""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from rushes.codecs.video.encoders import Encoder, check_pace, encoder_options, find_encoder, names_of
from rushes.codecs.video.library import FFmpegError, PictureType, av
from rushes.codecs.video.memory import THEIRS, padded, wrap
from rushes.codecs.video.output import Output
from rushes.codecs.video.scale import reshape_frame
from rushes.codecs.video.stamps import TICKS_PER_S, USUAL_FPS, Stamps
from rushes.errors import ConfigError, EncodeError, FrameError, unknown_name
from rushes.frame import check_array, picture_size
from rushes.lifecycle import Closeable
from rushes.limits import check_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.codecs.colour import Pixels
    from rushes.codecs.video.media import MediaInfo, Packet

__all__ = ["VideoWriter"]

# Each group of pictures becomes one fragment, whole in the file as soon as the next one begins. The index of
# a plain MP4 comes last, so a recording that was killed could not be opened at all.
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
# A fragment passes in one write where it fits: the library cuts what it writes into pieces of this size.
_BUFFER_BYTES = 1 << 20


class VideoWriter(Closeable):
    """A video file that grows with each group of pictures and can be read up to the last whole one.

    ``target``   a path (made or overwritten), or a writable binary file object, which is left open.
    ``width``, ``height``  of the arrays, in pixels; odd sides are padded by one in the file.
    ``fps``      the rate expected, for the last picture's duration; 0 when irregular. Pictures keep their
                 own times, whatever the rate.
    ``format``   of the arrays: "i420", "bgra", "bgr24", "rgb24" or "gray8".
    ``quality``  1 to 100, see :func:`rushes.codecs.video.encoders.crf`.
    ``gop_s``    a key frame at least this often, by the pictures' times: what a crash can lose.
    ``threads``  of the encoder; 1 costs the least processor time in all.
    ``fragmented``  False makes a plain MP4 for export, unreadable until it is closed; a file object must then
                 be seekable.
    ``options``  more settings of the encoder, by its own names.

    One thread at a time; ``close()`` may come from any. A full disk raises the OSError of the write as it is
    (ENOSPC); every further write raises it again, and what was whole stays in the file. Raises EncodeError
    when no encoder can be opened, ConfigError for options that cannot be used, OSError when the path cannot
    be written.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        width: int,
        height: int,
        *,
        fps: float,
        format: str = "i420",
        codec: str = "h264",
        quality: int = 80,
        gop_s: float = 1.0,
        threads: int = 1,
        fragmented: bool = True,
        options: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        _check(width, height, fps, format, gop_s, threads)
        self.width, self.height, self.format = width, height, format
        self._encoder: Encoder | None = find_encoder(names_of(codec))
        settings = encoder_options(self._encoder.name, quality) | dict(options or {})
        self._times = Stamps(fps, gop_s)
        self._open(target, fragmented)
        try:
            self._stream = self._add_stream(self._encoder.name, fps, threads, settings)
            self._container.start_encoding()
        except (FFmpegError, ValueError) as error:
            self._give_up()
            raise EncodeError(
                f"{self._encoder.name} refuses these settings: {error}", format=codec
            ) from error
        except OSError:
            self._give_up()
            raise

    @classmethod
    def copying(
        cls, target: str | os.PathLike[str] | BinaryIO, info: MediaInfo, *, fragmented: bool = True
    ) -> Self:
        """A writer for :meth:`write_packet`: what another input gave goes in as it is, never decoded.

        ``info`` is that of the MediaInput; the file begins at the first key frame, at time 0. Raises
        EncodeError when such a stream cannot be put into an MP4.
        """
        self = cls.__new__(cls)
        Closeable.__init__(self)
        if info.template is None:
            raise EncodeError("only what a MediaInput knows of its stream can be copied", format=info.codec)
        self.width, self.height, self.format = info.width, info.height, ""
        self._encoder = None
        self._times = Stamps(info.fps, 0)
        self._open(target, fragmented)
        try:
            self._stream = info.template.add_to(self._container)
            self._stream.time_base = Fraction(1, TICKS_PER_S)
            self._container.start_encoding()
        except (FFmpegError, ValueError) as error:
            self._give_up()
            raise EncodeError(
                f"{info.codec} cannot be put into an MP4: {error}", format=info.codec
            ) from error
        except OSError:
            self._give_up()
            raise
        return self

    @property
    def encoder(self) -> Encoder | None:
        """The encoder that runs, and why that one; None when packets are copied."""
        return self._encoder

    @property
    def bytes_written(self) -> int:
        """The size of the file so far."""
        return self._output.size

    @property
    def error(self) -> OSError | None:
        """What the output refused; also where the library kept it to itself, as it does at the end of a file."""
        return self._output.error

    def write(self, array: Pixels, captured_ns: int, *, keyframe: bool = False) -> int:
        """Encodes one picture taken at ``captured_ns`` (UTC nanoseconds); returns the file's size so far.

        The array may be changed when this returns. Times in the file count from the first picture; one that
        is not later than the last is put 1/90000 s after it. ``keyframe`` begins a new group of pictures
        here. Raises FrameError for an array that is not what was announced, OSError when the disk is full.
        """
        self._check_open()
        with self._alone:
            self._check_usable()
            frame = self._frame(array)
            frame.pts, begins = self._times.stamp(captured_ns, keyframe)
            frame.duration = self._times.usual
            frame.time_base = Fraction(1, TICKS_PER_S)
            frame.pict_type = PictureType.I if begins else PictureType.NONE
            try:
                self._mux(self._stream.encode(frame))
            except FFmpegError as error:
                raise EncodeError(
                    f"{self._stream.codec_context.name} failed: {error}", format="video"
                ) from error
        return self._output.size

    def write_packet(self, packet: Packet) -> int:
        """Copies one packet of the input that :meth:`copying` was given; returns the file's size so far.

        Packets before the first key frame are left out. OSError when the disk is full.
        """
        self._check_open()
        if self._encoder is not None:
            raise ConfigError("this writer encodes: packets go into VideoWriter.copying(…)")
        with self._alone:
            self._check_usable()
            times = self._times.copied(packet)
            if times is not None:
                copy: av.Packet[Any] = av.Packet(packet.bytes())
                copy.stream, copy.time_base, copy.is_keyframe = (
                    self._stream,
                    Fraction(1, TICKS_PER_S),
                    packet.keyframe,
                )
                copy.pts, copy.dts, copy.duration = times
                self._mux([copy])
        return self._output.size

    def _frame(self, array: Pixels) -> av.VideoFrame:
        if self._encoder is None:
            raise ConfigError("this writer copies packets: arrays go into VideoWriter(…)")
        check_array(array, self.format)
        if picture_size(array.shape, self.format) != (self.height, self.width):
            raise FrameError(
                f"this video is {self.width}x{self.height} {self.format}; got an array of shape {array.shape}",
                shape=tuple(array.shape),
                format=self.format,
            )
        frame = wrap(padded(array, self.height, self.width), self.format)
        return frame if self.format == "i420" else reshape_frame(frame, "i420", full_range=True)

    def _add_stream(self, name: str, fps: float, threads: int, settings: dict[str, str]) -> Any:
        rate = Fraction(fps or USUAL_FPS).limit_denominator(1001)
        # The checker is told that a name may mean any kind of stream.
        stream: Any = self._container.add_stream(name, rate=rate, options=settings)
        stream.width, stream.height = self.width + self.width % 2, self.height + self.height % 2
        stream.pix_fmt = THEIRS["i420"]
        stream.time_base = Fraction(1, TICKS_PER_S)
        context = stream.codec_context
        context.time_base, context.thread_count, context.max_b_frames = Fraction(1, TICKS_PER_S), threads, 0
        # Groups are begun by time, in Stamps: counted in pictures they would grow with each picture missed.
        context.gop_size = 1 << 20
        # What i420 is defined to be; unmarked, players take large pictures for another matrix.
        context.colorspace, context.color_range = 6, 1
        return stream

    def _open(self, target: str | os.PathLike[str] | BinaryIO, fragmented: bool) -> None:
        self._alone = threading.Lock()
        if not (fragmented or isinstance(target, str | os.PathLike) or target.seekable()):
            raise ConfigError("a plain MP4 needs a seekable file: take fragmented=True", option="fragmented")
        self._path = target if isinstance(target, str | os.PathLike) else None
        file = open(target, "wb", buffering=0) if isinstance(target, str | os.PathLike) else target  # noqa: SIM115
        self._output = Output(file, seekable=not fragmented, own=self._path is not None)
        self._container = av.open(
            self._output,
            "w",
            format="mp4",
            options=_FRAGMENTS if fragmented else None,
            buffer_size=_BUFFER_BYTES,
        )

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        for packet in packets:
            self._container.mux(packet)
        self._output.mark_whole()

    def _check_usable(self) -> None:
        self._check_open()
        if self._output.error is not None:
            raise OSError(*self._output.error.args) from self._output.error

    def _give_up(self) -> None:
        """After a start that failed: nothing of ours stays behind."""
        self._output.error = self._output.error or OSError("given up")
        self.close()
        if self._path is not None:
            os.unlink(self._path)

    def _close(self) -> None:
        with self._alone:
            failed = self._output.error is not None
            try:
                if not failed:
                    if self._encoder is not None:
                        self._mux(self._stream.encode(None))
                    self._container.close()
                    self._output.mark_whole()
            finally:
                self._output.finish()


def _check(width: int, height: int, fps: float, format: str, gop_s: float, threads: int) -> None:
    check_pixels(height, width)
    if format not in THEIRS:
        raise unknown_name("pixel format", format, THEIRS)
    if format == "i420" and (width % 2 or height % 2):
        raise ConfigError(f"i420 needs an even width and height, not {width}x{height}", option="format")
    check_pace(fps, gop_s, threads)
