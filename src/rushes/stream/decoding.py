"""A message's payload as pixels again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.codecs import jpeg
from rushes.errors import BadMessage
from rushes.frame import check_array
from rushes.wire.message import as_array, figures_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rushes.wire.message import Message

__all__ = ["decode"]


def decode(message: Message) -> NDArray[Any]:
    """The pixels of a JPEG, in new memory, or of a raw picture: the received bytes themselves, read-only; laid out as
    the header says. CorruptImage or BadMessage for what is broken, or of another size than the header says.
    """
    header = message.header
    if header.figures:
        figures_of(header)
    if header.codec == "raw":
        array = as_array(message)
        check_array(array, header.format)
        return array
    if header.dtype != "u1":
        raise BadMessage(f"a {header.codec} picture is never of {header.dtype}")
    if header.codec != "jpeg":
        raise BadMessage(f"codec {header.codec!r} cannot be decoded here")
    if jpeg.read_size(message.payload) != _size(header.format, header.shape):
        raise BadMessage(f"a JPEG of another size than the {header.shape} its header says")
    return jpeg.decode(message.payload, header.format).reshape(header.shape)


def _size(format: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if format == "i420" and len(shape) == 2:
        return shape[0] * 2 // 3, shape[1]
    return shape[:2]
