"""Reading video: files, network streams and devices, packet by packet or picture by picture."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rushes.codecs.video.decoding import Decoding
from rushes.codecs.video.library import FFmpegError, InvalidDataError
from rushes.codecs.video.media import Damage, MediaInfo, Packet, Picture
from rushes.codecs.video.opening import check_size, explain, is_remote, open_container, show, video_stream
from rushes.codecs.video.pictures import native_format
from rushes.codecs.video.redact import redact
from rushes.codecs.video.template import Template
from rushes.errors import ConfigError, SourceLost
from rushes.lifecycle import Closeable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rushes.lifecycle import StopToken

__all__ = ["MediaInput"]

# So many refusals without a packet between them are the end: some readers refuse at the same place for ever.
_REFUSALS = 10_000


class MediaInput(Closeable):
    """The first video stream of a file, network address or device.

    ``url``      a path, or an address such as ``rtsp://…``; with ``format`` what that reader takes.
    ``format``   the reader to use ("v4l2", "x11grab", "mpjpeg", …); None finds it out from the data.
    ``options``  of that reader, by its own names.
    ``open_timeout_s``, ``read_timeout_s``  how long opening and each read may take; None: as long as it takes.
    ``close_token``  ends iterations when it is set, as ``close()`` does.
    ``threads``  of the decoder: each one beyond the first holds back one picture more.

    Raises SourceUnavailable when it cannot be opened now; DecodeError (UnsupportedFormat, CorruptImage) when
    there is no video in it; FrameError when its pictures are over the pixel limit; ConfigError for a reader
    that does not exist. No message ever holds the password of an address.

    One thread reads at a time. ``close()`` may come from any thread: a read under way then ends with the
    data, or after ``read_timeout_s``, and only after it the input is given back.
    """

    def __init__(
        self,
        url: str | os.PathLike[str],
        *,
        format: str | None = None,
        options: Mapping[str, str] | None = None,
        open_timeout_s: float | None = None,
        read_timeout_s: float | None = None,
        close_token: StopToken | None = None,
        threads: int = 1,
    ) -> None:
        super().__init__()
        self._url = os.fspath(url)
        self._using = threading.Lock()
        self._token = close_token
        self._bad_reads = 0
        self._demuxer: Iterator[Any] | None = None
        self._container = open_container(url, format, options, (open_timeout_s, read_timeout_s))
        try:
            self._stream = video_stream(self._container, self._url)
            context = self._stream.codec_context
            check_size(context.width, context.height, self._url, format)
            context.thread_count = max(1, threads)
            if threads > 1:
                context.thread_type = "FRAME"
            self._decoding = Decoding()
            self.info = self._describe(is_remote(self._url, format))
        except BaseException:  # whatever is wrong with it, what was opened is given back
            self.close()
            raise

    @property
    def damage(self) -> Damage:
        """What was wrong so far; counts stay after the close."""
        counts = self._decoding
        return Damage(self._bad_reads + counts.bad_packets, counts.skipped_until_key, counts.corrupt_frames)

    def packets(self) -> Iterator[Packet]:
        """The coded pictures in the order they lie there, from where the input stands.

        What cannot be read is counted and passed over. Ends with the data, which for a live input means a
        lost link, or soon after a close. Raises SourceLost when a read breaks or takes too long.
        """
        while (coded := self._next()) is not None:
            if coded.size:
                yield _packet(coded)

    def frames(self) -> Iterator[Picture]:
        """The decoded pictures in the order they are shown, from where the input stands.

        After a packet that cannot be decoded it goes on at the next key frame. Ends and raises as
        :meth:`packets` does; FrameError for a picture over the pixel limit.
        """
        while (coded := self._next()) is not None:
            yield from self._decode(coded)

    def decode(self, packet: Packet) -> list[Picture]:
        """The pictures that one more packet of :meth:`packets` completes: for who wants packets and pictures.

        Often one; none while the decoder waits for more, or when the packet is damaged.
        """
        self._check_open()
        return self._decode(packet.coded)

    def seek(self, seconds: float) -> None:
        """Goes to the key frame at or before ``seconds`` of the stream's own clock, or the first one.

        Raises ConfigError for a live input, SourceLost when the input cannot go there.
        """
        self._check_open()
        if self.info.live:
            raise ConfigError(f"{show(self._url)} is live: there is nothing to go back to", option="seconds")
        try:
            with self._alone():
                self._demuxer = None
                self._container.seek(round(seconds / self._stream.time_base), stream=self._stream)
                self._decoding.restart()
        except FFmpegError as error:
            raise SourceLost(
                f"{show(self._url)} cannot go to {seconds} s: {explain(error, self._url)}",
                uri=redact(self._url),
            ) from None

    def _next(self) -> Any:
        """The next packet of the library, an empty one at the end of the data, then None."""
        refusals = 0
        while not self._ended():
            try:
                with self._alone():
                    if self._demuxer is None:
                        self._demuxer = self._container.demux(self._stream)
                    return next(self._demuxer, None)
            except InvalidDataError:
                self._demuxer = None  # what raised is over; a new one goes on behind the bad place
                self._bad_reads += 1
                refusals += 1
                if refusals == _REFUSALS:
                    return None
            except FFmpegError as error:
                self._demuxer = None
                if self._ended():
                    return None
                raise SourceLost(
                    f"{show(self._url)} broke off: {explain(error, self._url)}", uri=redact(self._url)
                ) from None
        return None

    def _decode(self, coded: Any) -> list[Picture]:
        if self._ended():
            return []
        with self._alone():
            return self._decoding.feed(coded)

    def _ended(self) -> bool:
        return self.closed or (self._token is not None and self._token.stopped)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While the library works on this input: nobody else may, and closing it waits."""
        if not self._using.acquire(blocking=False):
            raise ConfigError(f"{show(self._url)} is being read by another thread: one at a time")
        try:
            yield
        finally:
            self._using.release()
            if self.closed:
                self._close()

    def _close(self) -> None:
        # Closing under a read that is under way would end the process. Who reads looks for the close after
        # each call of the library, so one of the two always gets here with the lock to be had.
        if self._using.acquire(blocking=False):
            try:
                self._demuxer = None
                self._container.close()
            finally:
                self._using.release()

    def _describe(self, remote: bool) -> MediaInfo:
        context, length = self._stream.codec_context, self._container.duration
        rate = self._stream.average_rate or self._stream.guessed_rate
        # Some readers tell the length of what has come so far, so a length alone does not make a file.
        live = remote and self._container.size <= 0 and (not length or self._url.startswith("http"))
        return MediaInfo(
            width=context.width,
            height=context.height,
            fps=float(rate) if rate else 0.0,
            codec=context.codec.canonical_name,
            pixel_format=context.pix_fmt or "",
            native_format=native_format(context.pix_fmt, context.width, context.height),
            duration_s=length / 1e6 if length and length > 0 and not live else None,
            extradata=context.extradata or b"",
            live=live,
            template=Template(self._stream),
        )


def _packet(coded: Any) -> Packet:
    base = coded.time_base
    pts, dts = (None if time is None else float(time * base) for time in (coded.pts, coded.dts))
    return Packet(pts, dts, float((coded.duration or 0) * base), bool(coded.is_keyframe), coded.size, coded)
