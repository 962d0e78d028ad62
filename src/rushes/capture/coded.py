"""What all sources of coded pictures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.codecs.video.demux import MediaInput
    from rushes.codecs.video.media import MediaInfo, Packet

__all__ = ["Read", "check_coding", "check_rate", "no_frames", "reading"]

_CODINGS = ("h264", "hevc")


class Read(NamedTuple):
    """One coded picture off an input; ``damaged``: some before it could not be read."""

    packet: Packet
    damaged: bool


def reading(source: MediaInput) -> Iterator[Read]:
    """The input's coded pictures in the order of decoding."""
    bad = 0
    for packet in source.packets():
        before, bad = bad, source.damage.bad_packets
        yield Read(packet, bad > before)


def check_coding(name: str, media: MediaInfo) -> None:
    """ConfigError for a coding that cannot be stored as it is."""
    if media.codec not in _CODINGS:
        raise ConfigError(
            f"{name} is coded as {media.codec}; only {' and '.join(_CODINGS)} can be given as they are: "
            "open it without coded=True to have its frames",
            option="coded",
        )


def check_rate(fps: float | None) -> None:
    """ConfigError when coded pictures are to be thinned out."""
    if fps is not None:
        raise ConfigError(
            "coded pictures cannot be thinned out, as they build upon one another: leave out fps, or coded=True",
            option="fps",
        )


def no_frames(name: str) -> NoReturn:
    """What iterating such a source does."""
    raise ConfigError(
        f"{name} gives coded pictures: iterate its packets(), or open it without coded=True to have frames",
        option="coded",
    )
