"""What a live socket carries: pictures behind a header of 24 bytes, acknowledgements of 8, and words as JSON (pure)."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import msgspec

from rushes.errors import BadMessage

__all__ = [
    "ACK_BYTES",
    "HEADER_BYTES",
    "INIT",
    "KEY",
    "WORD_BYTES",
    "About",
    "Ack",
    "Dropped",
    "Figures",
    "Head",
    "Hello",
    "Pause",
    "Picture",
    "Ping",
    "Pong",
    "Resume",
    "Said",
    "Set",
    "State",
    "Switch",
    "Word",
    "ack",
    "head",
    "read_ack",
    "read_head",
    "read_word",
    "write",
]

KEY = 1
"""Flag: can be decoded without those before it."""
INIT = 2
"""Flag: no picture, but what the decoder needs before the first."""

_VERSION = 1
_HEAD = struct.Struct(">BBHIQQ")
_ACK = struct.Struct(">II")
HEADER_BYTES = _HEAD.size
ACK_BYTES = _ACK.size

_U32 = 0xFFFF_FFFF
_U64 = 0xFFFF_FFFF_FFFF_FFFF
WORD_BYTES = 1024
"""Nothing a viewer has to say is longer; what is, is no viewer's."""


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Hello(_Out, frozen=True, tag="hello"):
    """What follows: sizes in pixels; ``mime`` as browsers name it; ``fps`` 0 where it is not known; ``figures``:
    whether there are any.
    """

    channel: str
    codec: str
    mime: str
    width: int
    height: int
    fps: float
    figures: bool


class State(_Out, frozen=True, tag="state"):
    """How the channel is, ``why``, and since when (epoch seconds)."""

    state: str
    why: str = ""
    since: float = 0.0


class Figures(_Out, frozen=True, tag="figures"):
    """The newest figures: of which frame, captured when (epoch seconds), each as plain data."""

    number: int
    captured: float
    figures: list[dict[str, Any]]


class Dropped(_Out, frozen=True, tag="drop"):
    """How many pictures this viewer did not get, by reason."""

    total: int
    reason: dict[str, int]


class Pong(_Out, frozen=True, tag="pong"):
    """The answer to a ping: its own ``t``, and the server's time in milliseconds since the epoch."""

    t: float
    server: float


class Switch(_Out, frozen=True, tag="switch"):
    """Another ``codec`` would serve this viewer better, and why. It decides."""

    codec: str
    why: str


Said = Hello | State | Figures | Dropped | Pong | Switch


class _In(msgspec.Struct, frozen=True, kw_only=True):
    """Unknown keys are let through: the page may be newer than the server."""


class Ping(_In, frozen=True, tag="ping"):
    """``t`` comes back as it is."""

    t: float


class Pause(_In, frozen=True, tag="pause"):
    """Nobody looks."""


class Resume(_In, frozen=True, tag="resume"):
    """Somebody looks again."""


class Set(_In, frozen=True, tag="set"):
    """Another rendition from now on; what is left out stays as it is."""

    w: float | None = None
    fps: float | None = None
    q: float | None = None
    figures: bool | None = None


Word = Ping | Pause | Resume | Set


class Ack(NamedTuple):
    """A picture was drawn: its number, and when by the viewer's estimate of the server's time (ms); modulo 2**32."""

    number: int
    drawn_ms: int


class Head(NamedTuple):
    """What is known of a payload before it is decoded."""

    flags: int
    number: int
    captured_ns: int


class About(NamedTuple):
    """What a viewer must have before the first picture of a run: the hello as text, and bytes for its decoder."""

    hello: str
    init: bytes | None = None


class Picture(NamedTuple):
    """A coded picture as it goes out to every viewer: ``message`` with its header."""

    message: bytes
    number: int
    captured_ns: int
    key: bool
    about: About


_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Word).decode


def head(flags: int, encode_us: int = 0, number: int = 0, captured_ns: int = 0) -> bytes:
    """The 24 bytes before a payload."""
    return _HEAD.pack(_VERSION, flags, 0, min(encode_us, _U32), number & _U64, captured_ns & _U64)


def read_head(message: bytes) -> Head:
    """What stands before a payload; BadMessage for what is shorter."""
    if len(message) < HEADER_BYTES:
        raise BadMessage(f"a header has {HEADER_BYTES} bytes, not {len(message)}")
    _, flags, _, _, number, captured_ns = _HEAD.unpack_from(message)
    return Head(flags, number, captured_ns)


def ack(number: int, drawn_ms: int) -> bytes:
    """What a viewer says of a picture that it drew then."""
    return _ACK.pack(number & _U32, drawn_ms & _U32)


def read_ack(data: bytes) -> Ack:
    """What a viewer's binary message says; BadMessage for one that is no acknowledgement."""
    if len(data) != ACK_BYTES:
        raise BadMessage(f"an acknowledgement has {ACK_BYTES} bytes, not {len(data)}")
    return Ack(*_ACK.unpack(data))


def read_word(text: str) -> Word:
    """What a viewer's text message says; BadMessage for one that cannot be understood."""
    if len(text) > WORD_BYTES:
        raise BadMessage(f"a word of {len(text)} characters; {WORD_BYTES} are the most")
    try:
        word: Word = _read(text)
    except msgspec.MsgspecError as error:
        raise BadMessage(f"a word that cannot be understood: {error}") from error
    return word


def write(said: Said) -> str:
    """The text that is sent."""
    return _write(said).decode()
