"""Network streams and cameras as sources: ``rtsp://…``, ``http://…``, ``v4l2:/dev/video0``."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from rushes.capture.coded import check_rate
from rushes.capture.coded_live import CodedLive
from rushes.capture.link import Feed
from rushes.capture.live_source import LiveSource
from rushes.codecs.video.redact import redact
from rushes.errors import ConfigError

__all__ = ["open_http", "open_rtsp", "open_v4l2"]

# A stream is looked at for a second before it is decoded; the library's own five are five seconds of nothing.
_QUICK = (("analyzeduration", "1000000"),)
# Not over HTTP: there it has the library throw away what it looked at, which may be all of a short file.
_UNBUFFERED = ("fflags", "nobuffer")


def open_rtsp(
    rest: str,
    *,
    uri: str,
    fps: float | None = None,
    transport: str = "tcp",
    reconnect: bool = True,
    stall_s: float = 5.0,
    open_timeout_s: float = 10.0,
    wait_s: float | None = None,
    keep: int = 1,
    coded: bool = False,
) -> LiveSource | CodedLive:
    """``rtsp://[user:password@]host/path``. ``transport`` is "tcp" or "udp". ``coded`` gives the pictures as
    they are coded, see CodedLive. The rest as in LiveSource."""
    if transport not in ("tcp", "udp"):
        raise ConfigError(f'transport is {transport!r}; it is "tcp" or "udp"', option="transport")
    _check_host(rest, uri)
    # Frames that were looked at may be thrown away; of coded pictures the key frame would be among them.
    feed = Feed.of(uri, (("rtsp_transport", transport), *(() if coded else (_UNBUFFERED,)), *_QUICK))
    link = _Link(reconnect, stall_s, open_timeout_s, wait_s)
    return link.coded(feed, fps, keep) if coded else link.frames(feed, fps, keep)


def open_http(
    rest: str,
    *,
    uri: str,
    fps: float | None = None,
    reconnect: bool = True,
    stall_s: float = 5.0,
    open_timeout_s: float = 10.0,
    wait_s: float | None = None,
    keep: int = 1,
    coded: bool = False,
) -> LiveSource | CodedLive:
    """``http://host/path``: an MJPEG stream, or a video file, which is played at its own pace and then ends.
    ``coded`` as in ``open_rtsp``."""
    _check_host(rest, uri)
    feed = Feed.of(uri, _QUICK)
    link = _Link(reconnect, stall_s, open_timeout_s, wait_s)
    return link.coded(feed, fps, keep) if coded else link.frames(feed, fps, keep)


def open_v4l2(
    rest: str,
    *,
    uri: str,
    fps: float | None = None,
    size: str | None = None,
    reconnect: bool = True,
    stall_s: float = 5.0,
    open_timeout_s: float = 10.0,
    wait_s: float | None = None,
    keep: int = 1,
) -> LiveSource:
    """``v4l2:/dev/video0``: a camera. ``size``: "1280x720" to ask the camera for that; None: its own."""
    if not rest:
        raise ConfigError(f'{uri!r}: write the device, like "v4l2:/dev/video0"', option="uri")
    feed = Feed(uri, rest, format="v4l2", options=() if size is None else (("video_size", size),))
    return _Link(reconnect, stall_s, open_timeout_s, wait_s).frames(feed, fps, keep)


def _check_coded(fps: float | None, keep: int) -> None:
    check_rate(fps)
    if keep != 1:
        raise ConfigError("keep is for frames, not for coded pictures: leave it out", option="keep")


class _Link(NamedTuple):
    """How to hold on to what is at the other end, whatever it gives."""

    reconnect: bool
    stall_s: float
    open_timeout_s: float
    wait_s: float | None

    def frames(self, feed: Feed, fps: float | None, keep: int) -> LiveSource:
        return LiveSource(feed, fps=fps, keep=keep, **self._asdict())

    def coded(self, feed: Feed, fps: float | None, keep: int) -> CodedLive:
        _check_coded(fps, keep)
        return CodedLive(feed, **self._asdict())


def _check_host(rest: str, uri: str) -> None:
    try:
        host = urlsplit(rest).hostname
    except ValueError:  # its text may hold the password
        host = None
    if not host:
        raise ConfigError(f'{redact(uri)!r} names no host; write it like "rtsp://host/path"', option="uri")
