"""Single items over sockets of the user's own, of any pattern, in the form that all messages of the wire have.

An item is a header and one or two payloads: the array, the buffer, or both in this order; with neither the payload
is empty. The socket is only asked to send and receive, so its library is not named here.

Metadata on the wire is a dict. What else old programs handed over (None, one plain value, a list or tuple of them)
travels as a dict as well, and the header's ``track`` says how it was folded: "dict" as it is, "value" under the key
"value", "list" and "tuple" under their places "0", "1", … Deeper nesting is refused: it was pickle that allowed it.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.clock import SYSTEM
from rushes.errors import BadMessage, ConfigError
from rushes.wire.message import MAX_BYTES, PIXELS, Header, as_array, lay_out, pack, unpack

if TYPE_CHECKING:
    from rushes.wire.message import Message

__all__ = ["recv", "send"]

_STREAM = "plain"
_EMPTY = memoryview(b"")
_BILLION = 1_000_000_000
_FOLDS = ("dict", "value", "list", "tuple")
# The header's format: which payloads follow it.
_NONE, _ARR, _BUF, _BOTH = "none", "arr", "buf", "arr+buf"
_PAYLOADS = {_NONE: 1, _ARR: 1, _BUF: 1, _BOTH: 2}


def send(
    *, socket: Any, fno: int, ftime: float, meta: Any, arr: Any = None, buf: Any = None, flags: int = 0
) -> None:
    """Sends one item over ``socket``, any socket of pyzmq; :func:`recv` takes it at the other end.

    ``fno`` is at least 0; ``ftime`` is in seconds, at least 0, and keeps its nanoseconds. ``meta`` is a dict of plain
    values (str, int, float, bool, None), one such value, or a list or tuple of them, up to 4 KB. ``arr`` is a numpy
    array of up to 4 dimensions, ``buf`` any contiguous bytes. ``flags`` are those of the socket's own send.

    Neither payload is copied when it lies contiguous and is large: leave it as it is until it was sent. ConfigError
    for what cannot travel, FrameError for an array that cannot; what the socket raises (zmq.Again when it is full
    and must not block) comes through, and then nothing was sent.
    """
    fold, plain = _folded(meta)
    payloads: list[memoryview] = []
    dtype = "u1"
    shape: tuple[int, ...] = (0,)
    if arr is not None:
        if not isinstance(arr, np.ndarray):
            raise ConfigError(f"arr must be a numpy array, not {type(arr).__name__}", option="arr")
        dtype, shape, pixels = lay_out(arr)
        payloads.append(_bounded(pixels, "arr"))
    if buf is not None:
        payloads.append(_bounded(_bytes_of(buf), "buf"))
        if arr is None:
            shape = (payloads[0].nbytes,)
    header = Header(
        stream=_STREAM,
        run=0,
        number=_number(fno),
        captured_ns=_nanoseconds(ftime),
        sent_ns=SYSTEM.wall_ns(),
        track=fold,
        codec="raw",
        format=_form(arr is not None, buf is not None),
        dtype=dtype,
        shape=shape,
        length=payloads[0].nbytes if payloads else 0,
        meta=plain,
    )
    socket.send_multipart([PIXELS + pack(header), *(payloads or [_EMPTY])], flags, copy=False)


def recv(*, socket: Any, arr: bool = False, buf: bool = False, flags: int = 0) -> dict[str, Any]:
    """Takes one item from ``socket``: a dict of ``meta``, ``ftime`` (seconds), ``fno``, and of ``arr`` and ``buf`` as
    asked for.

    Say what is expected with ``arr`` and ``buf``. The array and the buffer (a memoryview) are read-only and are the
    received bytes themselves. ``flags`` are those of the socket's own recv; what it raises comes through.

    BadMessage for whatever :func:`send` did not make, or not with these payloads; the whole of that message is gone
    from the socket then, and the next one can be received. Parts behind an item, as sent with SNDMORE, stay.
    """
    parts = [socket.recv(flags, copy=False)]
    try:
        message, second = _read(socket, parts, flags)
        form = _form(arr, buf)
        if message.header.format != form:
            raise BadMessage(
                f"an item with {message.header.format} came where {form} was expected: set arr= and buf= to match"
            )
        return _item(message, second)
    except BadMessage:
        # Else what is left of it would be taken for the next item.
        while parts[-1].more:
            parts.append(socket.recv(flags, copy=False))
            del parts[:-1]
        raise


def _read(socket: Any, parts: list[Any], flags: int) -> tuple[Message, memoryview | None]:
    """The item whose first part is in ``parts``, where the others go too; and its second payload."""
    _next(socket, parts, flags)
    message = unpack([part.buffer for part in parts], max_bytes=MAX_BYTES)
    header = message.header
    if header.stream != _STREAM or header.codec != "raw" or header.format not in _PAYLOADS:
        raise BadMessage(f"a message of the stream {header.stream[:40]!r} where one of send() was expected")
    if _PAYLOADS[header.format] == 1:
        return message, None
    _next(socket, parts, flags)
    second = memoryview(parts[-1].buffer)
    if second.nbytes > MAX_BYTES:
        raise BadMessage(f"a buffer of {second.nbytes} bytes is over the limit of {MAX_BYTES}")
    return message, second.toreadonly()


def _next(socket: Any, parts: list[Any], flags: int) -> None:
    if not parts[-1].more:
        raise BadMessage(f"a message of {len(parts)} part(s) ends before its payload")
    parts.append(socket.recv(flags, copy=False))


def _item(message: Message, second: memoryview | None) -> dict[str, Any]:
    header = message.header
    item: dict[str, Any] = {}
    if header.format in (_ARR, _BOTH):
        item["arr"] = as_array(message)
    if header.format == _BUF:
        item["buf"] = message.payload
    elif header.format == _BOTH:
        item["buf"] = second
    item["meta"] = _unfolded(header.track, header.meta)
    item["ftime"] = header.captured_ns / _BILLION
    item["fno"] = header.number
    return item


def _form(arr: bool, buf: bool) -> str:
    return {(False, False): _NONE, (True, False): _ARR, (False, True): _BUF, (True, True): _BOTH}[
        bool(arr), bool(buf)
    ]


def _folded(meta: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(meta, dict):
        return "dict", meta
    if isinstance(meta, list | tuple):
        return "list" if isinstance(meta, list) else "tuple", {
            str(place): value for place, value in enumerate(meta)
        }
    return "value", {"value": meta}


def _unfolded(fold: str, plain: dict[str, Any]) -> Any:
    if fold == "dict":
        return plain
    if fold == "value" and list(plain) == ["value"]:
        return plain["value"]
    if fold in ("list", "tuple") and list(plain) == [str(place) for place in range(len(plain))]:
        values = list(plain.values())
        return values if fold == "list" else tuple(values)
    raise BadMessage(f"metadata folded as {fold[:20]!r} does not look like that; known: {', '.join(_FOLDS)}")


def _number(fno: int) -> int:
    try:
        number = operator.index(fno)
    except TypeError as error:
        raise ConfigError(f"fno must be a whole number, not {type(fno).__name__}", option="fno") from error
    if not 0 <= number < 2**63:
        raise ConfigError(f"fno must be 0 to 2**63 - 1, not {number}", option="fno")
    return number


def _nanoseconds(ftime: float) -> int:
    try:
        # Exactly, so that the same float comes out at the other end: times of today have no room for rounding twice.
        seconds = Fraction(ftime) if isinstance(ftime, int) else Fraction(ftime.__float__())
    except (AttributeError, ValueError, OverflowError) as error:
        raise ConfigError(f"ftime must be a number of seconds, not {ftime!r}", option="ftime") from error
    nanoseconds = round(seconds * _BILLION)
    if not 0 <= nanoseconds < 2**63:
        raise ConfigError(f"ftime must be seconds since the epoch, at least 0, not {ftime!r}", option="ftime")
    return nanoseconds


def _bytes_of(buf: Any) -> memoryview:
    try:
        view = memoryview(buf)
        # A view with a side of 0 cannot be cast to bytes.
        return view.cast("B") if view.nbytes else _EMPTY
    except TypeError as error:
        raise ConfigError(
            f"buf must be a contiguous run of bytes, not {type(buf).__name__}", option="buf"
        ) from error


def _bounded(payload: memoryview, option: str) -> memoryview:
    if payload.nbytes > MAX_BYTES:
        raise ConfigError(
            f"{option} has {payload.nbytes} bytes, {MAX_BYTES} can be sent: encode it, or send it in pieces",
            option=option,
        )
    return payload
