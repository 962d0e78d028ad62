"""A frame: pixels, and what is known about them.

The array is held, never copied: whoever made it and whoever holds the frame look at the same bytes. What an
array must look like to be called "bgr24", "i420" and so on stands in the one table :data:`FORMATS`.
"""

from __future__ import annotations

import importlib
import operator
import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.clock import SYSTEM
from rushes.errors import FrameError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rushes.figures import Figure

__all__ = ["FORMATS", "Frame", "PixelFormat", "check_array", "guess_format", "picture_size"]

Shape = tuple[int, ...]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """What the array of one format looks like: ``layout`` in words, and ``size`` of a shape.

    ``size`` gives the picture's (height, width), or None when the shape does not fit. ``dtype`` None: any.
    """

    layout: str
    size: Callable[[Shape], Size | None]
    dtype: str | None = "uint8"
    picture: bool = True


def _with_channels(count: int) -> Callable[[Shape], Size | None]:
    return lambda shape: (shape[0], shape[1]) if len(shape) == 3 and shape[2] == count else None


def _gray(shape: Shape) -> Size | None:
    return (shape[0], shape[1]) if len(shape) == 2 or (len(shape) == 3 and shape[2] == 1) else None


def _planar(shape: Shape) -> Size | None:
    if len(shape) != 2 or shape[0] % 3 or shape[1] % 2:
        return None
    return shape[0] // 3 * 2, shape[1]


FORMATS: Mapping[str, PixelFormat] = {
    "bgr24": PixelFormat("(height, width, 3)", _with_channels(3)),
    "rgb24": PixelFormat("(height, width, 3)", _with_channels(3)),
    "bgra": PixelFormat("(height, width, 4)", _with_channels(4)),
    "gray8": PixelFormat("(height, width) or (height, width, 1)", _gray),
    "i420": PixelFormat("(height * 3 // 2, width) with even height and width", _planar),
    # Only the header of a JPEG knows the picture's size, so the shape says nothing but how many bytes there
    # are.
    "jpeg": PixelFormat("(bytes,)", lambda shape: (0, 0) if len(shape) == 1 else None, picture=False),
    "array": PixelFormat("any", lambda shape: (0, 0), dtype=None, picture=False),
}
"""Every format by name. "array" is for data that is no picture: depth, audio, tensors."""


def check_array(array: np.ndarray[Any, Any], format: str) -> None:
    """Raises FrameError unless ``array`` is what ``format`` asks for; UnknownName for no such format."""
    rule = FORMATS.get(format)
    if rule is None:
        raise unknown_name("frame format", format, FORMATS)
    shape, dtype = array.shape, array.dtype
    if dtype.hasobject:
        raise FrameError(
            "an array of Python objects cannot be a frame", shape=shape, dtype=str(dtype), format=format
        )
    wanted = f"{format} wants shape {rule.layout}, dtype {rule.dtype or 'any'}"
    if rule.dtype is not None and dtype != rule.dtype:
        raise FrameError(f"{wanted}; got dtype {dtype}", shape=shape, dtype=str(dtype), format=format)
    if rule.size(shape) is None or (rule.dtype is not None and array.size == 0):
        raise FrameError(f"{wanted}; got shape {shape}", shape=shape, dtype=str(dtype), format=format)


def picture_size(shape: Sequence[int], format: str) -> Size:
    """(height, width) in pixels of the picture that an array of this shape and format holds.

    FrameError for "jpeg" and "array", whose shape does not tell, and for a shape that does not fit.
    """
    rule = FORMATS.get(format)
    if rule is None:
        raise unknown_name("frame format", format, FORMATS)
    size = rule.size(tuple(shape)) if rule.picture else None
    if size is None:
        raise FrameError(f"shape {tuple(shape)} is no {format} picture", shape=tuple(shape), format=format)
    return size


def guess_format(shape: Sequence[int], dtype: object) -> str:
    """The format to assume for a bare array: "bgr24", "bgra", "gray8", else "array".

    An i420 array looks like a gray one and rgb like bgr, so neither is ever guessed: name them.
    """
    shape = tuple(shape)
    if np.dtype(dtype) != np.uint8 or 0 in shape:  # type: ignore[call-overload]  # any dtype-like object
        return "array"
    return next(
        (name for name in ("bgr24", "bgra", "gray8") if FORMATS[name].size(shape) is not None), "array"
    )


@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class Frame:
    """One picture (or other array) with its number, moment and origin.

    Attributes cannot be set; the array is shared.

    ``array``      as :data:`FORMATS` lists for ``format``; for "jpeg" also any bytes-like object. Not copied.
    ``number``     0 to 2**64 - 1, may repeat; None is "not numbered yet".
    ``captured_ns`` UTC nanoseconds since the epoch; None stamps it now, by the system clock.
    ``channel``, ``track``  where it came from and which line of work it belongs to.
    ``meta``       small plain data; the mapping is copied, not what it holds.
    ``figures``    overlays kept as data; nothing is drawn until :meth:`draw`.

    Raises FrameError when the array does not fit the format, or number or time are out of range;
    UnknownName for another format. Pickles with its pixels.
    """

    array: np.ndarray[Any, np.dtype[Any]]
    number: int | None = None
    captured_ns: int = field(default=0, kw_only=True)
    format: str = field(default="bgr24", kw_only=True)
    channel: str = field(default="", kw_only=True)
    track: str = field(default="", kw_only=True)
    meta: dict[str, Any] = field(default_factory=dict, kw_only=True)
    figures: tuple[Figure, ...] = field(default=(), kw_only=True)

    def __init__(
        self,
        array: Any,
        number: int | None = None,
        *,
        captured_ns: int | None = None,
        format: str = "bgr24",
        channel: str = "",
        track: str = "",
        meta: Mapping[str, Any] | None = None,
        figures: Sequence[Figure] = (),
    ) -> None:
        held = _as_array(array, format)
        check_array(held, format)
        put = object.__setattr__  # the way around frozen=True that dataclasses themselves use
        put(self, "array", held)
        put(self, "number", None if number is None else _whole("number", number, 2**64))
        put(
            self,
            "captured_ns",
            SYSTEM.wall_ns() if captured_ns is None else _whole("captured_ns", captured_ns, 2**63),
        )
        put(self, "format", format)
        put(self, "channel", channel)
        put(self, "track", track)
        put(self, "meta", dict(meta or {}))
        put(self, "figures", tuple(figures))

    @property
    def shape(self) -> Shape:
        """The shape of ``array``: for i420 that of the three planes, for jpeg the count of bytes.

        :func:`picture_size` gives the picture's own height and width.
        """
        return tuple(self.array.shape)

    @property
    def age_s(self) -> float:
        """Seconds since the capture, by the system clock; negative when that clock was set back."""
        return (SYSTEM.wall_ns() - self.captured_ns) / 1e9

    def to(self, format: str) -> Frame:
        """The same frame in another format, everything but the pixels kept; itself when it has that format.

        Raises UnknownName for a format that is none, FrameError where the pixels cannot be had in it (i420
        of an odd height or width, anything from or to "array"), CorruptImage when the frame is a broken
        JPEG.
        """
        if format == self.format:
            return self
        return replace(
            self, array=_codec("rushes.codecs").convert(self.array, self.format, format), format=format
        )

    def draw(self) -> Frame:
        """A copy, in the same format, with its figures drawn into the pixels; the figures stay as data too.

        Raises FrameError for "array" frames and CorruptImage for a broken JPEG.
        """
        return replace(
            self, array=_codec("rushes.codecs.picture").draw(self.array, self.format, self.figures)
        )

    def save(self, path: str | os.PathLike[str], quality: int = 90) -> Path:
        """Writes the picture to ``path`` and returns it as a Path; the suffix decides the format.

        The file is whole or, when this raises, as it was: the bytes go to a temporary file in the same
        folder, which then takes the name. ``quality`` (1 to 100) is for .jpg and .webp. Figures are not
        drawn: ``draw().save(…)``. Raises ConfigError for a suffix or quality that cannot be used,
        FrameError for what is no picture, OSError when the disk refuses.
        """
        target = Path(path)
        data: bytes = _codec("rushes.codecs.picture").encode(self.array, self.format, target.suffix, quality)
        _write_whole(target, data)
        return target

    def _repr_png_(self) -> bytes | None:
        """A PNG for notebooks, at most 320 wide; None, so that text is shown, for what is no picture."""
        if self.format == "array":
            return None
        small: bytes = _codec("rushes.codecs.picture").thumbnail_png(self.array, self.format)
        return small

    def __repr__(self) -> str:
        number = "unnumbered" if self.number is None else f"number {self.number}"
        origin = f", channel {self.channel!r}" if self.channel else ""
        return f"<Frame {number}: {self.format} {self.shape} {self.array.dtype}{origin}>"


def _codec(module: str) -> Any:
    """A module of the codecs, which stand above this one.

    A frame is the vocabulary of every layer and must not depend on one of them; yet ``frame.save()`` is
    what people reach for. So the name is looked up at the call: who only passes frames around never loads a
    codec.
    """
    return importlib.import_module(module)


def _as_array(given: Any, format: str) -> np.ndarray[Any, np.dtype[Any]]:
    if isinstance(given, np.ndarray):
        return given
    if isinstance(given, bytes | bytearray | memoryview):
        if format != "jpeg":
            raise FrameError(
                f"bytes can only be a jpeg frame, not {format}: reshape them first", format=format
            )
        return np.frombuffer(given, dtype=np.uint8)
    if hasattr(given, "__array_interface__") or hasattr(given, "__array__"):
        return np.asarray(given)
    raise FrameError(f"a frame holds a numpy array, not {type(given).__name__}", format=format)


def _whole(what: str, value: Any, limit: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise FrameError(f"{what} must be a whole number, not {type(value).__name__}") from None
    if isinstance(value, bool) or not 0 <= number < limit:
        raise FrameError(f"{what} must be from 0 to {limit - 1}, not {value}")
    return number


def _write_whole(target: Path, data: bytes) -> None:
    # Not tempfile: its files are readable by the owner alone, and the picture would keep that for ever.
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, target)
    except BaseException:  # whatever went wrong, Ctrl-C included, leaves no half file behind
        temporary.unlink(missing_ok=True)
        raise
