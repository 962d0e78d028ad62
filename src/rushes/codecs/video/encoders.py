"""Which video encoder this machine really has, and how it is set up for recording."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rushes.codecs.video.library import FFmpegError, av
from rushes.errors import ConfigError, EncodeError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CODERS", "Encoder", "check_pace", "crf", "encoder_options", "find_encoder", "names_of"]

CODERS: Mapping[str, tuple[str, ...]] = {"h264": ("libx264", "libopenh264", "h264_nvenc")}
"""For each coding the encoders that make it, best first."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder that opens here: its ``name``, and ``why`` it was taken, in words for people."""

    name: str
    why: str


def names_of(codec: str) -> tuple[str, ...]:
    """The encoders for one coding, best first; UnknownName for a coding that is not written here."""
    if codec not in CODERS:
        raise unknown_name("video coding", codec, CODERS)
    return CODERS[codec]


def find_encoder(names: Iterable[str]) -> Encoder:
    """The first of ``names`` that can be opened on this machine.

    Being listed by the library is not enough: an encoder for a graphics card that is not there is listed, and
    fails when it is opened. Raises EncodeError that says of each what was wrong when none opens.
    """
    refused: list[str] = []
    for name in names:
        problem = _problem(name)
        if problem is None:
            why = f"{name}: " + (
                "first choice" if not refused else "fall-back, because " + "; ".join(refused)
            )
            return Encoder(name, why)
        refused.append(f"{name} {problem}")
    raise EncodeError(
        "no video encoder can be opened; tried: " + ("; ".join(refused) or "none"), format="video"
    )


def check_pace(fps: float, gop_s: float, threads: int) -> None:
    """Raises ConfigError for figures that no encoder here is run with."""
    if not 0 <= fps <= 1000:
        raise ConfigError(f"fps must be 0 (irregular) to 1000, got {fps}", option="fps")
    if not 0 < gop_s <= 3600:
        raise ConfigError(f"gop_s must be above 0 and at most 3600 seconds, got {gop_s}", option="gop_s")
    if not 1 <= threads <= 64:
        raise ConfigError(f"threads must be from 1 to 64, got {threads}", option="threads")


def crf(quality: int) -> int:
    """The encoder's constant rate factor for a quality of 1 to 100: 51 - 35 * (quality - 1) / 99.

    So 1 is the worst there is (51), 80 the encoder's own default (23), and 100 (16) cannot be told from the
    original by eye; below that files only grow.
    """
    if isinstance(quality, bool) or not 1 <= quality <= 100 or quality != int(quality):
        raise ConfigError(f"quality must be a whole number from 1 to 100, got {quality!r}", option="quality")
    return round(51 - 35 * (quality - 1) / 99)


def encoder_options(name: str, quality: int) -> dict[str, str]:
    """What makes this encoder fast, without delay, and able to begin a group of pictures on demand."""
    factor = str(crf(quality))
    if name == "libx264":
        return {"preset": "ultrafast", "tune": "zerolatency", "crf": factor}
    if name == "h264_nvenc":
        return {"preset": "p1", "tune": "ull", "rc": "constqp", "qp": factor, "forced-idr": "1"}
    return {"rc_mode": "quality", "qmin": factor, "qmax": factor} if name == "libopenh264" else {}


def _problem(name: str) -> str | None:
    """Why this encoder does not open, or None when it does."""
    try:
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, av.VideoCodecContext):
            return "makes no video"
        context.width, context.height, context.pix_fmt = 256, 144, "yuv420p"  # some refuse less than that
        context.framerate, context.time_base = Fraction(25), Fraction(1, 25)
        context.thread_count = 1
        context.open()
    except (FFmpegError, ValueError) as error:
        return f"fails ({getattr(error, 'strerror', None) or error})"
    return None
