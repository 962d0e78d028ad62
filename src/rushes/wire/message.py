"""One message of a stream: a header of plain data and a buffer of pixels (pure).

On the wire it is two parts: a topic byte followed by the header, then the payload as it is. The header is a
msgpack array of fixed length, so that it costs about a microsecond each way, and a receiver knows all it must
check before it touches, or makes room for, a single pixel. Pickle was never considered: it lets the sender
choose what the receiver runs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from rushes.errors import BadMessage, ConfigError
from rushes.figures import Figure, from_plain
from rushes.limits import MAX_PIXELS
from rushes.wire.arrays import ITEM_SIZES, MAX_DIMENSIONS, as_array, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Buffer

__all__ = [
    "DESCRIPTOR",
    "ITEM_SIZES",
    "KEY_WANTED",
    "MAX_BYTES",
    "MAX_DIMENSIONS",
    "MAX_FIGURES",
    "MAX_HEADER_BYTES",
    "MAX_META_BYTES",
    "PIXELS",
    "VERSION",
    "Header",
    "Message",
    "as_array",
    "figures_of",
    "lay_out",
    "pack",
    "topic_of",
    "unpack",
]

VERSION = 1
PIXELS = b"p"
"""The topic of messages that carry a picture, coded or raw."""
KEY_WANTED = b"k"
"""What a receiver sends upstream when it cannot decode anything before the next key frame."""
DESCRIPTOR = b"d"
"""The topic of messages that only say where in a depot of the same host the picture lies."""

MAX_HEADER_BYTES = 8 * 1024
MAX_META_BYTES = 4 * 1024
MAX_FIGURES = 64
MAX_BYTES = 64 * 1024 * 1024
"""The longest payload read unless told otherwise: a raw 4K picture of four channels is half of it."""

# Pictures have up to four channels; what has more elements than that to each pixel of the limit is a forgery.
_MOST_CHANNELS = 4

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Side = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
# msgspec compares the declared length with max_length before it makes room for the elements.
Shape = Annotated[tuple[Side, ...], msgspec.Meta(max_length=MAX_DIMENSIONS)]
Points = Annotated[list[tuple[float, float]], msgspec.Meta(max_length=1024)]
PlainFigure = Annotated[dict[str, str | int | float | Points], msgspec.Meta(max_length=16)]
Codec = Literal["jpeg", "raw", "h264", "shm", "mark"]


class Header(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a message says of its payload.

    ``run`` is drawn at random at each start of the sender, 63 bits, so that numbers which begin again are not
    taken for old ones. ``shape`` and ``dtype`` are those of the array, decoded if it is coded; ``dtype`` is one
    of :data:`ITEM_SIZES`. ``length`` is the payload's, in bytes. ``key`` says that the payload can be decoded
    without the ones before it. ``waits`` that the sender waits for slow receivers instead of dropping: such a
    message may be left unread until there is room. ``figures`` are those of :func:`rushes.figures.to_plain`, at
    most 64. With codec "shm" the payload is empty and ``meta`` names the depot where the pictures lie.
    With codec "mark" it is empty too: ``number`` is the newest that was sent, for whoever it did not reach.
    """

    version: int = VERSION
    stream: str
    run: Count
    number: Count
    captured_ns: Count
    sent_ns: Count
    track: str = ""
    codec: Codec
    format: str
    dtype: str = "u1"
    shape: Shape
    length: Count
    key: bool = True
    waits: bool = False
    figures: Annotated[list[PlainFigure], msgspec.Meta(max_length=MAX_FIGURES)] = []
    meta: dict[str, str | int | float | bool | None] = {}


class Message(msgspec.Struct, frozen=True):
    """A message that has been checked: ``header``, and ``payload`` as a read-only view of what was received."""

    header: Header
    payload: memoryview


class _Start(msgspec.Struct, array_like=True):
    """The one field whose place no version may change."""

    version: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Header)
_START = msgspec.msgpack.Decoder(_Start)
_EMPTY = memoryview(b"")


def topic_of(header: Header) -> bytes:
    """The byte that stands before the header on the wire, and that receivers subscribe to."""
    return DESCRIPTOR if header.codec == "shm" else PIXELS


def pack(header: Header) -> bytes:
    """The header as bytes, without the topic.

    Whatever :func:`unpack` would refuse at the other end is refused here, as ConfigError: a sender should learn
    of its mistake at the call and not from a receiver's count of bad messages. That goes for meta of more than
    4 KB or of other values than str, int, float, bool and None as well.
    """
    try:
        data = _ENCODER.encode(header)
        if len(data) > MAX_META_BYTES:
            _check_room(header, len(data))
        # Reading it back costs less than looking at each value of meta and figures from Python would.
        _DECODER.decode(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(_why_not(header, error), option="meta") from error
    if fault := _fault(header, MAX_PIXELS):
        raise ConfigError(f"this frame cannot be sent: {fault}")
    return data


def unpack(parts: Sequence[Buffer], *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Message:
    """What was received, checked. The payload is not copied: its view keeps the received part alive.

    Raises BadMessage, and nothing else, for whatever a peer may send: other than two parts, a header that is
    too long, broken, of another version or with other fields, a payload of another length than the header
    says or over ``max_bytes``, an array of more than 4 dimensions or ``max_pixels``, of an unknown dtype, or raw
    pixels whose length does not fit their shape.
    """
    if len(parts) != 2:
        raise BadMessage(f"a message has two parts, this one has {len(parts)}")
    start, payload = _view(parts[0]), _view(parts[1])
    if not 1 < start.nbytes <= MAX_HEADER_BYTES + 1:
        raise BadMessage(f"a header has 1 to {MAX_HEADER_BYTES} bytes, this one has {start.nbytes - 1}")
    if payload.nbytes > max_bytes:
        raise BadMessage(f"a payload of {payload.nbytes} bytes is over the limit of {max_bytes}")
    try:
        header = _DECODER.decode(start[1:])
    except (ValueError, RecursionError) as error:
        raise BadMessage(_unreadable(start[1:], error)) from error
    fault = _fault(header, max_pixels)
    if not fault and header.length != payload.nbytes:
        fault = f"the header says {header.length} bytes, the payload has {payload.nbytes}"
    if not fault and start[0] != topic_of(header)[0]:
        fault = f"a {header.codec} message came under the topic {bytes(start[:1])!r}"
    if fault:
        raise BadMessage(fault)
    return Message(header, payload)


def figures_of(header: Header) -> tuple[Figure, ...]:
    """The overlays that came with a frame; BadMessage when one of them is none."""
    try:
        return tuple(from_plain(each) for each in header.figures)
    except ConfigError as error:
        raise BadMessage(f"an overlay that cannot be drawn: {error}") from error


def _fault(header: Header, max_pixels: int) -> str:
    """What no honest sender says, or "". Plain arithmetic on Python's integers, which do not overflow."""
    shape, codec = header.shape, header.codec
    if header.version != VERSION:
        return f"version {header.version} of the wire; version {VERSION} is spoken here"
    item = ITEM_SIZES.get(header.dtype)
    if item is None:
        return f"dtype {header.dtype[:20]!r}; known: {', '.join(ITEM_SIZES)}"
    elements = math.prod(shape)
    # numpy refuses even an array without elements when its other sides are absurd, so a side of 0 counts as 1.
    full = elements or math.prod(side or 1 for side in shape)
    pixels = full if len(shape) < 3 else full // (shape[-1] or 1)
    if pixels > max_pixels or full > max_pixels * _MOST_CHANNELS:
        return f"shape {shape} is over the limit of {max_pixels} pixels"
    if codec == "raw":
        if header.length != elements * item:
            return f"raw {header.dtype} of shape {shape} has {elements * item} bytes, not {header.length}"
    elif codec in ("shm", "mark"):
        if header.length:
            return f"a {codec} message carries no pixels, this one says {header.length} bytes"
    elif not header.length:
        return f"a {codec} picture of no bytes"
    return ""


def _view(part: Buffer) -> memoryview:
    """The part as read-only plain bytes."""
    try:
        view = memoryview(part)
        if not view.nbytes:
            # A view with a side of 0 cannot be cast.
            return _EMPTY
        plain = view.format == "B" and view.ndim == 1 and view.c_contiguous
        return (view if plain else view.cast("B")).toreadonly()
    except TypeError as error:
        raise BadMessage(f"a part that is no contiguous run of bytes: {type(part).__name__}") from error


def _unreadable(data: memoryview, error: Exception) -> str:
    """Why the header could not be decoded; another version first of all, as it explains the rest."""
    try:
        version = _START.decode(data).version
    except (ValueError, RecursionError):
        version = VERSION
    if version != VERSION:
        return f"version {version} of the wire; version {VERSION} is spoken here"
    return f"a header that cannot be read: {error}"


def _check_room(header: Header, size: int) -> None:
    meta = len(_ENCODER.encode(header.meta))
    if meta > MAX_META_BYTES:
        raise ConfigError(
            f"meta takes {meta} bytes of the {MAX_META_BYTES} allowed: send less, or an id of it",
            option="meta",
        )
    if size > MAX_HEADER_BYTES:
        raise ConfigError(
            f"the header takes {size} bytes of the {MAX_HEADER_BYTES} allowed: send fewer or simpler figures",
            option="figures",
        )


def _why_not(header: Header, error: Exception) -> str:
    """Names the entry of meta that cannot travel, for that is nearly always what is wrong."""
    meta: Any = header.meta
    if not isinstance(meta, dict):
        return f"meta must be a dict, not {type(meta).__name__}"
    for key, value in meta.items():
        if type(key) is not str:
            return f"keys of meta must be str, not {key!r}"
        if value is not None and type(value) not in (str, int, float, bool):
            return (
                f"meta[{key!r}] must be str, int, float, bool or None, not {type(value).__name__}: convert it"
            )
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            return f"meta[{key!r}] does not fit into 64 bits: send it as str"
    return f"this header cannot be sent: {error}"
