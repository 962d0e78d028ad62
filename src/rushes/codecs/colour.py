"""Conversions among the pixel layouts bgr24, rgb24, bgra, gray8 and i420 (pure).

Red, green, blue and gray8 use all values 0 to 255. i420 is limited range (luma 16 to 235, chroma 16 to 240)
with the matrix of ITU-R Recommendation BT.601, section 2.5, which is what cameras and H.264 of unmarked
colour mean; each chroma value stands for a block of 2 by 2 pixels and is the mean over them. The alpha of
bgra is made 255 and, where given, ignored: frames are opaque.

All arithmetic is in whole numbers with rounding, a band of rows at a time, so that the intermediate sums
stay in the processor's cache: 1.6 times as fast on 1080p as whole planes.

Large pictures go through the video library's scaler instead, for the pairs where that is faster; it is
loaded when the first one comes. It agrees with the arithmetic here within two levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rushes._native import compiled
from rushes.errors import FrameError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["FORMATS", "Pixels", "bgra_to_i420", "convert", "exact", "full_range_planes", "planes"]

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
_Sums = np.ndarray[Any, np.dtype[Any]]

FORMATS = ("bgr24", "rgb24", "bgra", "gray8", "i420")

# Even, so that a band never cuts a chroma block; 64 rows of 1080p make 16-bit sums of 240 KiB.
_BAND = 64


def convert(array: Pixels, source: str, target: str) -> Pixels:
    """A new contiguous array laid out as ``target`` from ``array``, laid out as ``source``; itself if equal.

    The arrays are those of a Frame: (height, width, 3) for bgr24 and rgb24, (height, width, 4) for bgra,
    (height, width) or (height, width, 1) for gray8 (made without the 1), (height * 3 // 2, width) for i420.
    Raises FrameError for i420 of an odd height or width, UnknownName for a format that is none of these.
    """
    if (source, target) == ("bgra", "i420") and (made := bgra_to_i420(array)) is not None:
        return made
    if (source, target) in _SCALED and array.shape[0] * array.shape[1] >= _MANY:
        from rushes.codecs.video import scale

        return scale.convert(array, source, target)
    return exact(array, source, target)


def bgra_to_i420(array: Pixels, out: Pixels | None = None) -> Pixels | None:
    """As :func:`exact` to the last bit, by the compiled core: what every frame of a screen goes through.

    ``out`` is filled where it is given. None where there is no compiled core, or for rows that it cannot read:
    the caller then takes another way. FrameError for an odd height or width. Frees the interpreter lock.
    """
    core = compiled()
    if core is None or array.dtype != np.uint8 or array.strides[1:] != (4, 1):
        return None
    height, width = _even(array)
    made = np.empty((height * 3 // 2, width), np.uint8) if out is None else out
    core.bgrx_to_i420(array, made)
    return made


def exact(array: Pixels, source: str, target: str) -> Pixels:
    """As :func:`convert`, always by the arithmetic of this module, which every other way is held against."""
    for name in (source, target):
        if name not in FORMATS:
            raise unknown_name("pixel format", name, FORMATS)
    if source == target:
        return array
    direct = _DIRECT.get((source, target))
    if direct is not None:
        return direct(array)
    return _DIRECT["bgr24", target](_DIRECT[source, "bgr24"](array))


# Measured on 1080p, the scaler takes 0.1 of the time from i420, 0.5 to 0.7 to i420, and 0.2 to 0.75, with the
# very same result, where channels only change places. From bgr24 to i420 and from gray to three channels it
# gains nothing. To gray it gains a third, which is not worth that a large picture is rounded unlike a small one.
_SCALED = frozenset(
    {
        *(("i420", packed) for packed in ("bgr24", "rgb24", "bgra")),
        *((packed, "i420") for packed in ("rgb24", "bgra")),
        *(("bgr24", "rgb24"), ("bgr24", "bgra"), ("rgb24", "bgr24"), ("rgb24", "bgra")),
        *(("bgra", "bgr24"), ("bgra", "rgb24"), ("gray8", "bgra")),
    }
)
# Rows times columns of the array. Below that any conversion takes under half a millisecond here: not worth
# loading a library of tens of megabytes for.
_MANY = 256 * 256


def planes(array: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """The Y (height, width), U and V (half of both) planes of an i420 array: views when it is contiguous."""
    height, width = array.shape[0] // 3 * 2, array.shape[1]
    # Cut from the flat bytes: U ends in the middle of a row when the height is no multiple of four.
    chroma = array[height:].reshape(-1)
    half, shape = chroma.size // 2, (height // 2, width // 2)
    return array[:height], chroma[:half].reshape(shape), chroma[half:].reshape(shape)


def full_range_planes(array: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """The three planes of an i420 array stretched to 0..255, as JPEG wants them; new contiguous arrays."""
    y, u, v = planes(array)
    return np.take(_LUMA_FULL, y), np.take(_CHROMA_FULL, u), np.take(_CHROMA_FULL, v)


def _stretch(low: int, high: int, centre: int, out_centre: int) -> Pixels:
    values = (np.arange(256) - centre) * (255 / (high - low)) + out_centre
    table: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return table


_LUMA_FULL = _stretch(16, 235, 16, 0)
_CHROMA_FULL = _stretch(16, 240, 128, 128)
_LUMA_LIMITED: Pixels = np.rint(np.arange(256) * (219 / 255) + 16).astype(np.uint8)


def _bands(height: int) -> Iterator[slice]:
    return (slice(top, min(top + _BAND, height)) for top in range(0, height, _BAND))


def _even(array: Pixels) -> tuple[int, int]:
    height, width = array.shape[:2]
    if height % 2 or width % 2:
        raise FrameError(
            f"i420 needs an even height and width, not {width}x{height}: crop or scale first",
            shape=tuple(array.shape),
            format="i420",
        )
    return height, width


def _swapped(array: Pixels) -> Pixels:
    out = np.empty(array.shape, np.uint8)
    for ours, theirs in (
        (0, 2),
        (1, 1),
        (2, 0),
    ):  # plane by plane is several times faster than array[..., ::-1]
        out[..., ours] = array[..., theirs]
    return out


def _with_alpha(first: int, last: int) -> Callable[[Pixels], Pixels]:
    def run(array: Pixels) -> Pixels:
        out = np.empty((*array.shape[:2], 4), np.uint8)
        for ours, theirs in ((0, first), (1, 1), (2, last)):
            out[..., ours] = array[..., theirs]
        out[..., 3] = 255
        return out

    return run


def _without_alpha(first: int, last: int) -> Callable[[Pixels], Pixels]:
    def run(array: Pixels) -> Pixels:
        out = np.empty((*array.shape[:2], 3), np.uint8)
        for ours, theirs in ((0, first), (1, 1), (2, last)):
            out[..., ours] = array[..., theirs]
        return out

    return run


def _weighted(channels: tuple[_Sums, _Sums, _Sums], weights: tuple[int, int, int], rounding: int) -> _Sums:
    """(sum of channel * weight + rounding) >> 8; every sum of positive weights up to 256 fits 16 bits."""
    total = np.multiply(channels[0], np.uint16(weights[0]), dtype=np.uint16)
    part = np.empty_like(total)
    for channel, weight in zip(channels[1:], weights[1:], strict=True):
        np.multiply(channel, np.uint16(weight), out=part, dtype=np.uint16)
        total += part
    total += np.uint16(rounding)
    total >>= np.uint16(8)
    return total


def _to_gray(red: int, blue: int) -> Callable[[Pixels], Pixels]:
    def run(array: Pixels) -> Pixels:
        out = np.empty(array.shape[:2], np.uint8)
        for rows in _bands(array.shape[0]):
            band = array[rows]
            # 0.299, 0.587, 0.114 in 256ths; they add up to 256, so white stays 255.
            out[rows] = _weighted((band[..., red], band[..., 1], band[..., blue]), (77, 150, 29), 128)
        return out

    return run


def _from_gray(channels: int) -> Callable[[Pixels], Pixels]:
    def run(array: Pixels) -> Pixels:
        flat = array.reshape(array.shape[:2])
        out = np.empty((*flat.shape, channels), np.uint8)
        for channel in range(3):
            out[..., channel] = flat
        out[..., 3:] = 255
        return out

    return run


def _gray_to_i420(array: Pixels) -> Pixels:
    flat = array.reshape(array.shape[:2])
    height, width = _even(flat)
    out = np.full((height * 3 // 2, width), 128, np.uint8)
    np.take(_LUMA_LIMITED, flat, out=out[:height])
    return out


def _i420_to_gray(array: Pixels) -> Pixels:
    return np.take(_LUMA_FULL, planes(array)[0])


def _to_i420(red: int, blue: int) -> Callable[[Pixels], Pixels]:
    def run(array: Pixels) -> Pixels:
        height, width = _even(array)
        out = np.empty((height * 3 // 2, width), np.uint8)
        y, u, v = planes(out)
        for rows in _bands(height):
            band = array[rows]
            r, g, b = band[..., red], band[..., 1], band[..., blue]
            # 65.738, 129.057, 25.064 in 256ths, plus the 16 that is black.
            y[rows] = _weighted((r, g, b), (66, 129, 25), 128 + (16 << 8))
            half = slice(rows.start // 2, rows.stop // 2)
            u[half], v[half] = _chroma(_block_sums(r), _block_sums(g), _block_sums(b))
        return out

    return run


def _block_sums(channel: Pixels) -> _Sums:
    """Sums over blocks of 2 by 2, int32: the chroma of the mean is the mean of the chroma, at a quarter."""
    rows = np.add(channel[0::2], channel[1::2], dtype=np.uint16)
    sums: _Sums = np.add(rows[:, 0::2], rows[:, 1::2], dtype=np.int32)
    return sums


def _chroma(r: _Sums, g: _Sums, b: _Sums) -> tuple[_Sums, _Sums]:
    # -37.945, -74.494, 112.439 and 112.439, -94.154, -18.285 in 256ths. The sums are of four pixels: two
    # bits more.
    middle = (128 << 10) + 512
    u = (112 * b - 38 * r - 74 * g + middle) >> 10
    v = (112 * r - 94 * g - 18 * b + middle) >> 10
    return u, v


def _from_i420(red: int, blue: int) -> Callable[[Pixels], Pixels]:
    def run(array: Pixels) -> Pixels:
        y, u, v = planes(array)
        height, width = y.shape
        out = np.empty((height, width, 3), np.uint8)
        for rows in _bands(height):
            half = slice(rows.start // 2, rows.stop // 2)
            d, e = u[half].astype(np.int32) - 128, v[half].astype(np.int32) - 128
            luma = (y[rows].astype(np.int32) - 16) * 298 + 128  # 1.16438 in 256ths
            # 1.59603, 0.39176, 0.81297 and 2.01723 in 256ths.
            for channel, chroma in ((red, 409 * e), (1, -100 * d - 208 * e), (blue, 516 * d)):
                _add_chroma(luma, chroma, out[rows, :, channel])
        return out

    return run


def _add_chroma(luma: _Sums, chroma: _Sums, out: Pixels) -> None:
    # Each chroma value is added to the four pixels of its block by looking at the luma as (rows, 2,
    # columns, 2).
    height, width = luma.shape
    blocks = luma.reshape(height // 2, 2, width // 2, 2)
    value = (blocks + chroma[:, None, :, None]).reshape(height, width)
    value >>= 8
    out[...] = np.clip(value, 0, 255, out=value)


_DIRECT: Mapping[tuple[str, str], Callable[[Pixels], Pixels]] = {
    ("bgr24", "rgb24"): _swapped,
    ("rgb24", "bgr24"): _swapped,
    ("bgr24", "bgra"): _with_alpha(0, 2),
    ("rgb24", "bgra"): _with_alpha(2, 0),
    ("bgra", "bgr24"): _without_alpha(0, 2),
    ("bgra", "rgb24"): _without_alpha(2, 0),
    ("bgr24", "gray8"): _to_gray(red=2, blue=0),
    ("bgra", "gray8"): _to_gray(red=2, blue=0),
    ("rgb24", "gray8"): _to_gray(red=0, blue=2),
    ("gray8", "bgr24"): _from_gray(3),
    ("gray8", "rgb24"): _from_gray(3),
    ("gray8", "bgra"): _from_gray(4),
    ("bgr24", "i420"): _to_i420(red=2, blue=0),
    ("bgra", "i420"): _to_i420(red=2, blue=0),
    ("rgb24", "i420"): _to_i420(red=0, blue=2),
    ("gray8", "i420"): _gray_to_i420,
    ("i420", "bgr24"): _from_i420(red=2, blue=0),
    ("i420", "rgb24"): _from_i420(red=0, blue=2),
    ("i420", "gray8"): _i420_to_gray,
}
"""What is done in one pass; any other pair goes through bgr24, to and from which all can be had."""
