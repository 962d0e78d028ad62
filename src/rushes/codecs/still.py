"""Decoding any picture file's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rushes.codecs import colour, jpeg, lossless, sniff
from rushes.errors import FrameError, unknown_name
from rushes.limits import MAX_PIXELS

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels

__all__ = ["Decoded", "decode"]


class Decoded(NamedTuple):
    """A decoded picture; ``partial`` when only a part of it was in the bytes, the rest is gray or made up."""

    array: Pixels
    format: str
    kind: str
    partial: bool = False


def decode(
    data: bytes | memoryview,
    format: str = "bgr24",
    *,
    out: Pixels | None = None,
    scale: int = 1,
    partial: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> Decoded:
    """The picture in a JPEG, PNG, QOI, GIF, BMP or WebP file's bytes, laid out as ``format``.

    The kind is told by the first bytes, never by a name. ``out``: an array of the right shape to fill instead of
    a new one. ``scale``: 2, 4 or 8 makes a JPEG that much smaller while decoding, for less time and memory; other
    kinds refuse it. ``partial`` lets a cut-off JPEG through, marked. Raises UnsupportedFormat for other kinds,
    CorruptImage for what is broken, FrameError for a size over ``max_pixels`` before memory is taken for it, or
    an ``out`` that does not fit; what ``out`` holds after an error is not said.
    """
    if format not in colour.FORMATS:
        raise unknown_name("pixel format", format, colour.FORMATS)
    kind = sniff.kind_of(data)
    if kind == "jpeg":
        pixels, cut = jpeg.decode_any(
            data, format, out=out, scale=scale, partial=partial, max_pixels=max_pixels
        )
        return Decoded(pixels, format, kind, cut)
    if scale != 1:
        raise FrameError(f"only a JPEG can be made smaller while decoding, this is a {kind}", format=kind)
    if kind == "qoi":
        made, layout = lossless.decode_qoi(data, max_pixels=max_pixels)
    else:
        made, layout = lossless.decode_pillow(data, kind, max_pixels=max_pixels)
    made = colour.convert(made, layout, format)
    if out is None:
        return Decoded(made, format, kind)
    jpeg.check_out(out, made.shape)
    np.copyto(out.reshape(made.shape), made)
    return Decoded(out, format, kind)
