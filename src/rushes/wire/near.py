"""What the ends of map-reduce on one machine say to one another (pure).

Each message is one msgpack array that begins with its kind; pixels follow as a part of their own, or lie in a depot
that a :class:`Place` names. What is read is checked like all that comes off a wire, though only processes of the same
user can reach the sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from rushes.errors import BadMessage

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "VERSION",
    "Alive",
    "Back",
    "Deal",
    "Done",
    "Down",
    "Drain",
    "Drop",
    "End",
    "Frame",
    "Grant",
    "Join",
    "Keep",
    "Later",
    "Leave",
    "Lost",
    "Made",
    "Memory",
    "Place",
    "Result",
    "Send",
    "Serves",
    "Stranger",
    "Taken",
    "Up",
    "Welcome",
    "pack",
    "read_down",
    "read_drain",
    "read_up",
]

VERSION = 1

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Few = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Head = Annotated[bytes, msgspec.Meta(max_length=2 << 20)]


class _Said(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    pass


class Place(_Said, frozen=True):
    """Where in a depot the payload lies: the first ``length`` bytes of the frame there."""

    depot: Name
    sequence: Count
    length: Count


class Frame(_Said, frozen=True):
    """Which frame of a run, and what users call it."""

    run: Count
    index: Count
    number: Count


class Join(_Said, frozen=True, tag=1):
    """First of all, and at each connection: who it is, and how many frames it takes now."""

    version: int
    member: Count
    track: Name
    pid: Count
    born: Count
    space: Count
    credit: Few


class Grant(_Said, frozen=True, tag=2):
    """It takes so many more."""

    count: Few


class Keep(_Said, frozen=True, tag=3):
    """It works on it."""

    key: Count


class Made(_Said, frozen=True, tag=4):
    """It has its result."""

    key: Count


class Done(_Said, frozen=True, tag=5):
    """Its result is safe."""

    key: Count


class Back(_Said, frozen=True, tag=6):
    """It does not work on it any more."""

    key: Count
    delay_ms: Few


class Drop(_Said, frozen=True, tag=7):
    """It cannot be read, by anybody."""

    key: Count


class Alive(_Said, frozen=True, tag=8):
    """Nothing else for half a second."""


class Leave(_Said, frozen=True, tag=9):
    """It goes."""


class Result(_Said, frozen=True, tag=10):
    """A result; its payload is the next part, or in the place."""

    id: Name
    run: Count
    index: Count
    head: Head
    place: Place | None


class Serves(_Said, frozen=True, tag=11):
    """It takes frames of this streamer's start from now on."""

    desk: Count


class Lost(_Said, frozen=True, tag=12):
    """The streamer has ended. All frames it knows of each time: those that may be nobody's now, and its own."""

    desk: Count
    frames: Annotated[list[Frame], msgspec.Meta(max_length=4096)]
    own: Annotated[list[Frame], msgspec.Meta(max_length=4096)]


class Welcome(_Said, frozen=True, tag=20):
    """Whom it has joined: a number drawn at random at each start, and the process."""

    version: int
    desk: Count
    pid: Count
    born: Count
    space: Count


class Deal(_Said, frozen=True, tag=21):
    """A frame to be worked on."""

    key: Count
    tries: Few
    frame: Frame
    head: Head
    place: Place


class Memory(_Said, frozen=True, tag=22):
    """The depot where frames lie from now on."""

    depot: Name


class Stranger(_Said, frozen=True, tag=23):
    """There is no such track here; there are these."""

    tracks: Annotated[list[Name], msgspec.Meta(max_length=1024)]


class End(_Said, frozen=True, tag=24):
    """The streamer ends."""


class Taken(_Said, frozen=True, tag=25):
    """The result is with its user."""

    id: Name


class Later(_Said, frozen=True, tag=26):
    """There is no room for the result now."""

    id: Name
    delay_ms: Few


class Send(_Said, frozen=True, tag=27):
    """The place cannot be looked into: the bytes themselves, please."""

    id: Name


Up = Join | Grant | Keep | Made | Done | Back | Drop | Alive | Leave
"""From a worker to the streamer."""
Down = Welcome | Deal | Memory | Stranger | End | Taken | Later | Send
"""To a worker."""
Drain = Join | Result | Serves | Lost | Alive | Leave
"""From a worker to the receiver."""

T = TypeVar("T")
_ENCODER = msgspec.msgpack.Encoder()
_UP: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)
_DOWN: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
_DRAIN: msgspec.msgpack.Decoder[Drain] = msgspec.msgpack.Decoder(Drain)


def pack(message: _Said) -> bytes:
    """The message as bytes."""
    return _ENCODER.encode(message)


def read_up(part: Buffer) -> Up:
    """What a worker said to a streamer. BadMessage for what is none of it."""
    return _read(_UP, part)


def read_down(part: Buffer) -> Down:
    """What was said to a worker. BadMessage for what is none of it."""
    return _read(_DOWN, part)


def read_drain(part: Buffer) -> Drain:
    """What a worker said to a receiver. BadMessage for what is none of it."""
    return _read(_DRAIN, part)


def _read(decoder: msgspec.msgpack.Decoder[T], part: Any) -> T:
    try:
        return decoder.decode(part)
    # Besides msgspec's own errors: keys that cannot be hashed, numbers out of range, nesting without end.
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadMessage(f"a message between processes that cannot be read: {error}") from error
