"""Pixel layouts and sizes by the video library's scaler: the fast twin of :mod:`rushes.codecs.colour`.

Both agree within two levels of 255 for every pair of layouts; from i420, a three may become a 0. One thread:
whoever wants more runs several pictures at once, which costs less than splitting one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushes.codecs import colour
from rushes.codecs.colour import FORMATS, bgra_to_i420
from rushes.codecs.video.library import ColorRange, Colorspace, Interpolation
from rushes.codecs.video.memory import THEIRS, shape_of, take, unwrap, wrap
from rushes.errors import FrameError, unknown_name
from rushes.frame import check_array, picture_size

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from rushes.codecs.colour import Pixels

__all__ = ["convert", "reshape_frame", "resize"]

# Averages over each block of 2 by 2, as the definition says. The default of the scaler weighs neighbouring
# blocks in and differs by up to 40 levels on noise.
_SHRINK_CHROMA = Interpolation.AREA
# For bgr24 alone the scaler has a shortcut, which exact rounding switches off: it leaves white one level too
# dark and not quite neutral.
_SHRINK_BGR = Interpolation.AREA | Interpolation.ACCURATE_RND
# Each chroma value for its own block; the default blends neighbours, up to 100 levels on noise. Without exact
# rounding sums are cut off, see _lift: ten times as fast.
_EXACT = Interpolation.POINT | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_SMALLER = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_LARGER = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# The library's names of layouts between which nothing is to be spread or rounded.
_PACKED = frozenset({"bgr24", "rgb24", "bgra", "gray"})
_BAND = 64


def convert(array: Pixels, source: str, target: str, out: Pixels | None = None) -> Pixels:
    """A new contiguous array laid out as ``target``, or ``out`` filled with it; ``array`` itself if equal.

    Shapes and colours are those of :func:`rushes.codecs.colour.convert`. ``out`` is a contiguous, writeable
    uint8 array of the right shape, such as a depot's slot. Raises FrameError for arrays that do not fit and
    for i420 of an odd height or width, UnknownName for a format that is none.
    """
    height, width = _checked(array, source, target)
    if target == "i420":
        _check_even(height, width)
    _check_out(out, target, height, width)
    if source == target:
        if out is None:
            return array
        np.copyto(out, array.reshape(out.shape))
        return out
    if (source, target) == ("bgra", "i420"):
        made = bgra_to_i420(array, out)
        if made is not None:
            return made
    if height < 4 and target == "i420":
        made = colour.exact(array, source, target)  # with one row of chroma the scaler averages wrongly
        return made if out is None else convert(made, target, target, out)
    # For bgra of other widths the fast way leaves the last columns wrong.
    fast = source == "i420" and target != "gray8" and (target != "bgra" or width % 16 == 0)
    frame = reshape_frame(wrap(array, source), target, full_range=source != "i420", fast=fast)
    made = take(frame, target) if out is None else unwrap(frame, target, out)
    if fast:
        _lift(made)
    return made


def resize(array: Pixels, format: str, width: int, height: int) -> Pixels:
    """A new array of the same format, ``width`` by ``height`` pixels; itself when it has that size.

    Smaller by averaging what falls into each pixel, larger by blending. Raises FrameError for an array that
    does not fit and a size that cannot be had.
    """
    old_height, old_width = _checked(array, format, format)
    if width < 1 or height < 1:
        raise FrameError(f"a picture of {width}x{height} has no pixels", shape=(height, width), format=format)
    if format == "i420":
        _check_even(height, width)
    if (old_height, old_width) == (height, width):
        return array
    full = format != "i420"
    return take(reshape_frame(wrap(array, format), format, width, height, full_range=full), format)


def reshape_frame(
    frame: VideoFrame,
    target: str,
    width: int | None = None,
    height: int | None = None,
    *,
    full_range: bool,
    matrix: Colorspace = Colorspace.ITU601,
    fast: bool = False,
) -> VideoFrame:
    """The library's frame in a layout of ours, and in another size where one is given.

    ``fast`` cuts sums off instead of rounding them: up to three levels too dark, for the caller to mend.
    ``full_range`` and ``matrix`` are those of ``frame``; what comes out has those of :mod:`rushes.codecs.colour`.
    """
    wide, high = width or frame.width, height or frame.height
    return frame.reformat(
        wide,
        high,
        THEIRS[target],
        src_colorspace=matrix,
        dst_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG if target == "i420" else ColorRange.JPEG,
        interpolation=_method(frame.format.name, target, (frame.width, frame.height), (wide, high), fast),
        threads=1,
    )


def _method(
    source: str, target: str, old: tuple[int, int], new: tuple[int, int], fast: bool
) -> Interpolation:
    if old != new:
        return _SMALLER if new[0] <= old[0] and new[1] <= old[1] else _LARGER
    if target == "i420":
        return _SHRINK_BGR if source == "bgr24" else _SHRINK_CHROMA
    return Interpolation.POINT if fast or source in _PACKED else _EXACT


def _lift(made: Pixels) -> None:
    """Puts one level onto all but 0 and 255, and so the mean of the cut off sums where it belongs.

    Without it every value is up to three levels too dark, with it two too dark to one too bright. 0 is left as
    it is because black is what people notice.
    """
    for top in range(0, made.shape[0], _BAND):
        rows = made[top : top + _BAND]
        # 0 wraps round to 255 here, and so is left out together with 255 by one comparison.
        np.add(rows, (rows - np.uint8(1)) < 254, out=rows, casting="unsafe")


def _checked(array: Pixels, source: str, target: str) -> tuple[int, int]:
    for name in (source, target):
        if name not in FORMATS:
            raise unknown_name("pixel format", name, FORMATS)
    check_array(array, source)
    return picture_size(array.shape, source)


def _check_even(height: int, width: int) -> None:
    if height % 2 or width % 2:
        raise FrameError(
            f"i420 needs an even height and width, not {width}x{height}: crop or scale first",
            shape=(height, width),
            format="i420",
        )


def _check_out(out: Pixels | None, target: str, height: int, width: int) -> None:
    if out is None:
        return
    check_array(out, target)
    if picture_size(out.shape, target) != (height, width) or not (
        out.flags.c_contiguous and out.flags.writeable
    ):
        raise FrameError(
            f"out must be a contiguous, writeable {target} array of shape "
            f"{shape_of(target, height, width)}, not {out.shape}",
            shape=tuple(out.shape),
            format=target,
        )
