"""A frame on its way through workers and back: what was done with it, and its message (pure).

A parcel's head travels before the payload as one msgpack array of fixed length. It holds the message's own header,
so that what is checked of a live message is checked here by the same code, and the count of the frame in its run:
numbers may have holes, and whoever puts results in order must know whether a frame is missing or never was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from rushes.errors import BadMessage, ConfigError
from rushes.figures import to_plain
from rushes.wire import message as wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Buffer

    from rushes.figures import Figure
    from rushes.stream.encoding import Encoded

__all__ = [
    "MAX_DATA_BYTES",
    "MAX_DEPTH",
    "MAX_ERROR",
    "MAX_HEAD_BYTES",
    "MAX_PAYLOAD_BYTES",
    "VERSION",
    "Parcel",
    "meta_of",
    "on_track",
    "pack",
    "result_id",
    "tombstone",
    "unpack",
    "with_data",
    "with_picture",
    "work_id",
]

VERSION = 1
MAX_ERROR = 2000
MAX_DATA_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_HEAD_BYTES = MAX_DATA_BYTES + wire.MAX_HEADER_BYTES + 4 * MAX_ERROR + 1024
"""The longest head there is: data and header at their limits, an error text in letters of four bytes."""
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024 - MAX_HEAD_BYTES * 4 // 3 - 1024
"""The longest payload sent: with any head, in base64 letters, it is within the 8 MiB that a hub passes on."""

_CODECS = ("jpeg", "raw")


class Parcel(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What goes with a payload from a streamer to workers, and from them to a receiver.

    ``index`` counts the frames published in this run and track of the source, from 0 and without holes.
    ``outcome`` "skipped", "error" and "gone" (with its streamer) mark a tombstone: there is no picture, and ``error``
    says why (at most 2000 characters). With ``has_data`` a worker's function gave ``data``, which is plain: dict (keys
    str or int), list, str, int, float, bool, None and bytes, nested at most 32 deep, at most 1 MiB.
    """

    version: int = VERSION
    header: wire.Header
    index: wire.Count
    outcome: Literal["frame", "skipped", "error", "gone"] = "frame"
    error: Annotated[str, msgspec.Meta(max_length=MAX_ERROR)] = ""
    has_data: bool = False
    data: Any = None


class _Start(msgspec.Struct, array_like=True):
    """The one field whose place no version may change."""

    version: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Parcel)
_START = msgspec.msgpack.Decoder(_Start)
# Besides msgspec's own errors: keys that cannot be hashed, numbers out of range, nesting without end.
_UNREADABLE = (ValueError, TypeError, OverflowError, RecursionError)


def pack(parcel: Parcel) -> bytes:
    """The head as bytes. What :func:`unpack` would refuse raises ConfigError here, at the end that can mend it."""
    wire.pack(parcel.header)
    try:
        if parcel.has_data and (size := len(_ENCODER.encode(parcel.data))) > MAX_DATA_BYTES:
            raise ConfigError(
                f"data takes {size} bytes of the {MAX_DATA_BYTES} allowed: send less, or an id of it",
                option="data",
            )
        head = _ENCODER.encode(parcel)
        fault = _fault(_DECODER.decode(head))
    except _UNREADABLE as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"this parcel cannot be sent: {error}", option="data") from error
    if fault:
        raise ConfigError(f"this parcel cannot be sent: {fault}", option="data")
    return head


def unpack(head: Buffer, payload: Buffer, *, max_bytes: int = wire.MAX_BYTES) -> tuple[Parcel, wire.Message]:
    """What was received, checked: the parcel and its message, whose payload is a view of the one given.

    Raises BadMessage, and nothing else, for whatever a peer may send: a head that is too long, broken, of another
    version or with other fields, data that is not plain, a codec other than "jpeg" and "raw", a tombstone with a
    picture, and all that :func:`rushes.wire.message.unpack` refuses.
    """
    view = memoryview(head)
    if not 0 < view.nbytes <= MAX_HEAD_BYTES:
        raise BadMessage(f"a parcel's head has 1 to {MAX_HEAD_BYTES} bytes, this one has {view.nbytes}")
    try:
        parcel = _DECODER.decode(view)
    except _UNREADABLE as error:
        raise BadMessage(_unreadable(view, error)) from error
    if fault := _fault(parcel):
        raise BadMessage(fault)
    try:
        # Written anew rather than cut out of the head: finding where it ends would take a parser of our own.
        header = wire.pack(parcel.header)
    except ConfigError as error:
        raise BadMessage(f"a parcel's header is wrong: {error}") from error
    return parcel, wire.unpack((wire.PIXELS + header, payload), max_bytes=max_bytes)


def work_id(stream: str, run: int, index: int) -> str:
    """What names a frame to be worked on, so that one sent twice is taken once."""
    return f"{stream}-{run}-{index}"


def result_id(stream: str, run: int, track: str, index: int) -> str:
    """What names a track's result, so that a frame done by two workers comes out once."""
    return f"{stream}-{run}-{track}-{index}"


def on_track(parcel: Parcel, track: str) -> Parcel:
    """The same frame, as one of that track's."""
    return msgspec.structs.replace(parcel, header=msgspec.structs.replace(parcel.header, track=track))


def with_data(parcel: Parcel, data: Any) -> Parcel:
    """The same frame, as it came, with what a function made of it."""
    return msgspec.structs.replace(parcel, has_data=True, data=data)


def with_picture(
    parcel: Parcel, picture: Encoded, *, meta: Mapping[str, Any], figures: Sequence[Figure] = ()
) -> Parcel:
    """Another picture in the frame's place: number, moment, run and track stay.

    ``meta`` must be plain; what does not fit into the header of a message travels as data.
    """
    header = msgspec.structs.replace(
        parcel.header,
        codec=picture.codec,
        format=picture.format,
        dtype=picture.dtype,
        shape=picture.shape,
        length=memoryview(picture.payload).nbytes,
        key=picture.key,
        figures=[to_plain(each) for each in figures],
        meta=dict(meta),
    )
    made = msgspec.structs.replace(parcel, header=header, has_data=False, data=None)
    try:
        wire.pack(header)
    except ConfigError as error:
        if error.option != "meta":
            raise
        return with_data(
            msgspec.structs.replace(made, header=msgspec.structs.replace(header, meta={})), dict(meta)
        )
    return made


def tombstone(parcel: Parcel, outcome: Literal["skipped", "error"], error: str = "") -> Parcel:
    """What comes instead of the frame, with an empty payload: that it will not come, and why (cut to fit)."""
    header = msgspec.structs.replace(
        parcel.header,
        codec="raw",
        format="array",
        dtype="u1",
        shape=(0,),
        length=0,
        key=True,
        figures=[],
        meta={},
    )
    # Texts of exceptions may hold halves of characters, which UTF-8 cannot carry.
    text = error[:MAX_ERROR].encode("utf-8", "replace").decode()
    return msgspec.structs.replace(
        parcel, header=header, outcome=outcome, error=text, has_data=False, data=None
    )


def meta_of(parcel: Parcel) -> dict[str, Any]:
    """A frame's meta: the header's, with the data's entries before those of the same name.

    Data that is no dict with str keys is the entry "data".
    """
    meta: dict[str, Any] = dict(parcel.header.meta)
    if parcel.has_data:
        named = isinstance(parcel.data, dict) and all(isinstance(key, str) for key in parcel.data)
        meta.update(parcel.data if named else {"data": parcel.data})
    return meta


def _fault(parcel: Parcel) -> str:
    """What no honest sender says, or ""."""
    header = parcel.header
    if parcel.version != VERSION:
        return _other_version(parcel.version)
    if header.codec not in _CODECS:
        return f"a parcel holds {' or '.join(_CODECS)}, not {header.codec}"
    if parcel.outcome == "frame":
        if parcel.error:
            return "a frame with the error of a tombstone"
    elif header.length or parcel.has_data:
        return f"a tombstone ({parcel.outcome!r}) with {header.length} bytes of picture, or with data"
    return (
        _not_plain(parcel.data)
        if parcel.has_data
        else ""
        if parcel.data is None
        else "data that is not declared"
    )


def _not_plain(data: Any) -> str:
    """What of decoded data is not plain, or "". Level by level and not by recursion, for the data is a stranger's."""
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for each in level:
            kind = type(each)
            if kind is dict:
                if odd := {type(key).__name__ for key in each} - {"str", "int"}:
                    return f"keys of data must be str or int, not {', '.join(sorted(odd))}"
                below.extend(each.values())
            elif kind is list:
                below.extend(each)
            elif each is not None and kind not in (str, int, float, bool, bytes):
                return f"data must be plain, not {kind.__name__}"
        if not below:
            return ""
        level = below
    return f"data is nested more than {MAX_DEPTH} deep"


def _other_version(version: int) -> str:
    return f"version {version} of parcels; version {VERSION} is spoken here"


def _unreadable(head: memoryview, error: Exception) -> str:
    """Why the head could not be decoded; another version first of all, as it explains the rest."""
    try:
        version = _START.decode(head).version
    except _UNREADABLE:
        version = VERSION
    return _other_version(version) if version != VERSION else f"a parcel's head that cannot be read: {error}"
