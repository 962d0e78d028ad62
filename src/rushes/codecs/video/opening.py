"""Opening an input, and saying in our own errors, without any password, why it cannot be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.codecs.video.library import FFmpegError, InvalidDataError, NoData, av
from rushes.codecs.video.redact import redact, redact_text
from rushes.errors import ConfigError, CorruptImage, SourceUnavailable, UnsupportedFormat
from rushes.limits import MAX_PIXELS, check_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_size", "explain", "is_remote", "open_container", "show", "video_stream"]

_REMOTE = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "tcp", "rtp", "srt", "mmsh")
_DEVICES = ("v4l2", "video4linux2", "x11grab", "kmsgrab", "fbdev")


def is_remote(url: str, format: str | None) -> bool:
    """True when the data comes over a network or from a device: what can be lost and come back."""
    return url.partition(":")[0].lower() in _REMOTE or format in _DEVICES


def show(url: str) -> str:
    """The address as messages may name it."""
    return repr(redact(url))


def explain(error: BaseException, url: str) -> str:
    """What the library says, without the address: its own text names that one as it was given."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if type(error).__name__ == "ExitError":
        text = "it took longer than the time allowed"
    return redact_text(text, url)


def open_container(
    url: str | os.PathLike[str],
    format: str | None,
    options: Mapping[str, str] | None,
    timeouts_s: tuple[float | None, float | None],
) -> Any:
    """The library's input, opened within ``timeouts_s`` (to open, for each read); see MediaInput for errors."""
    name = os.fspath(url)
    place = _file(url, format)
    if place is not None:
        _check_file(place)
    given = {**_defaults(name, timeouts_s[1]), **dict(options or {})}
    target = f"file:{place}" if place is not None else name
    try:
        return av.open(target, "r", format=format, options=given, timeout=timeouts_s)
    except (InvalidDataError, NoData) as error:
        if is_remote(name, format):
            raise SourceUnavailable(
                f"{show(name)} gives no video: {explain(error, name)}", uri=redact(name)
            ) from None
        raise UnsupportedFormat(
            f"{show(name)} is no video that can be read here, or was cut off before its index",
            format=format or "",
        ) from error
    except (FFmpegError, OSError) as error:
        # Without its cause: the library's own message names the address as it was given, password and all.
        raise SourceUnavailable(
            f"{show(name)} cannot be opened: {explain(error, name)}", uri=redact(name)
        ) from None
    except ValueError as error:
        raise ConfigError(f"{show(name)} cannot be opened: {explain(error, name)}", option="format") from None


def video_stream(container: Any, url: str) -> Any:
    """The first stream of moving pictures that there is a decoder for; DecodeError without one."""
    for stream in container.streams.video:
        if stream.codec_context is not None:
            return stream
    kinds = ", ".join(each.type for each in container.streams) or "nothing"
    raise UnsupportedFormat(f"{show(url)} holds no video that can be decoded here, but {kinds}")


def check_size(width: int, height: int, url: str, format: str | None) -> None:
    """Refuses pictures over the pixel limit, and streams whose pictures have no size that is known.

    The library itself forgets a size that is far over the limit, so both may be the same.
    """
    if width and height:
        check_pixels(height, width)
    elif is_remote(url, format):
        raise SourceUnavailable(f"{show(url)} sent nothing that tells its pictures' size", uri=redact(url))
    else:
        raise UnsupportedFormat(
            f"{show(url)} does not tell its pictures' size, or claims one over the limit of {MAX_PIXELS} pixels"
        )


def _file(url: str | os.PathLike[str], format: str | None) -> Path | None:
    """The path when a file is meant: also one whose name looks like an address to the library."""
    if format in _DEVICES or format == "lavfi":
        return None
    if not isinstance(url, str):
        return Path(url)
    if url.startswith("file:"):
        return Path(url.removeprefix("file:"))
    return Path(url) if "://" not in url else None


def _check_file(place: Path) -> None:
    try:
        size = place.stat().st_size
    except OSError as error:
        raise SourceUnavailable(
            f"{str(place)!r} cannot be opened: {error.strerror}", uri=str(place)
        ) from error
    if place.is_dir():
        raise SourceUnavailable(f"{str(place)!r} is a folder, not a video", uri=str(place))
    if place.is_file() and size == 0:
        raise CorruptImage(f"{str(place)!r} is empty", format="video")


def _defaults(url: str, read_s: float | None) -> dict[str, str]:
    """Options for all inputs. Over UDP, which RTSP would try first, lost data shows as gray smears."""
    options = {"max_pixels": str(MAX_PIXELS)}
    scheme = url.partition(":")[0].lower()
    if scheme in ("rtsp", "rtsps"):
        options["rtsp_transport"] = "tcp"
    if scheme in _REMOTE and read_s is not None:
        options["timeout"] = str(round(read_s * 1e6))
    return options
