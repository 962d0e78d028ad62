"""What stations of one hub say to one another, and on which subjects (pure)."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from rushes.errors import BadMessage
from rushes.server.answers import ChannelAnswer

__all__ = [
    "FROM",
    "HERE",
    "MAKING",
    "MOST_CHANNELS",
    "PASSED_HEADERS",
    "TO",
    "Answer",
    "Drop",
    "End",
    "Get",
    "Gone",
    "Here",
    "Look",
    "Looked",
    "Next",
    "ask_subject",
    "look_subject",
    "packed",
    "read_answer",
    "read_asked",
    "read_end",
    "read_look",
    "read_looked",
    "read_said",
    "unpacked",
    "written",
]

HERE = "rushes-fleet.here"
"""Where stations say that they are there."""
FROM, TO = "rushes-fleet.from", "rushes-fleet.to"
"""Before the id of a view: what goes to its viewer, and what comes from it. After it, the kind: text, bytes, the end,
and "alive" for nothing new."""
MAKING = "rushes.making"
"""In the scope of another station's request: a function that may be told how much of the answer is made, 0 to 1."""
MOST_CHANNELS = 256
PASSED_HEADERS = (
    "content-type",
    "cache-control",
    "content-disposition",
    "retry-after",
    "x-frame-number",
    "x-captured-ns",
    "x-age-ms",
)

_MOST_BYTES = 1 << 18
_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"\w[\w.-]{0,63}")
_URL = re.compile(r"(https?://[\w.:\[\]-]{1,200})?")
# Pages are made of what this station has itself: nothing that a browser would run passes.
_MEDIA = frozenset(
    {
        "application/json",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/plain",
        "video/mp4",
    }
)
_SAFE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
T = TypeVar("T")
_LENGTH_BYTES = 4
_BROKEN = 1011


class _Word(msgspec.Struct, frozen=True, kw_only=True):
    """Unknown keys are let through: another station may be newer."""


class Here(_Word, frozen=True, tag="here"):
    """A station's web process, once a second. ``id``: where it is asked; ``run``: which run of the station it serves,
    the same after the process was replaced; ``begun``: when the process was, epoch seconds.
    """

    id: str
    name: str
    run: str
    begun: float
    started: float
    url: str
    state: str
    channels: list[ChannelAnswer]


class Gone(_Word, frozen=True, tag="gone"):
    """It ends in good order."""

    id: str


class Get(_Word, frozen=True, tag="get"):
    """What it would answer to GET ``path``, query included."""

    path: str


class Next(_Word, frozen=True, tag="next"):
    """The next part of an answer."""

    token: str


class Drop(_Word, frozen=True, tag="drop"):
    """Nobody wants the rest of it."""

    token: str


class Answer(_Word, frozen=True):
    """What is before a part of an answer. ``status`` 0: it is not ready, ask with ``token`` for it. Else ``token`` asks
    for the next part, and is empty with the last one. ``made``: how much is done of what is not ready, 0 to 1, and
    ``size`` that of the whole, where it is known.
    """

    status: int
    headers: dict[str, str] = {}
    token: str = ""
    made: float = 0.0
    size: int | None = None


class Look(_Word, frozen=True):
    """Somebody wants to look at ``channel``, with these of an address's w, fps, q and codec; ``view`` is the id that
    both sides use for it.
    """

    view: str
    channel: str
    query: dict[str, str] = {}


class Looked(_Word, frozen=True):
    """Whether it begins: ``status`` 200, or that of the problem that the rest tells."""

    status: int
    error: str = ""
    remedy: str = ""
    kind: str = ""


class End(_Word, frozen=True):
    """A view's last word, as sockets close."""

    code: int
    why: str = ""


_said: msgspec.json.Decoder[Here | Gone] = msgspec.json.Decoder(Here | Gone)
_asked: msgspec.json.Decoder[Get | Next | Drop] = msgspec.json.Decoder(Get | Next | Drop)
_answer = msgspec.json.Decoder(Answer)
_look = msgspec.json.Decoder(Look)
_looked = msgspec.json.Decoder(Looked)
_end = msgspec.json.Decoder(End)
written = msgspec.json.Encoder().encode
"""A word as it is sent."""


def ask_subject(id: str) -> str:
    """Where the web process of that id is asked."""
    return f"rushes-fleet.ask.{id}"


def look_subject(id: str) -> str:
    """Where it is asked for a view."""
    return f"rushes-fleet.look.{id}"


def read_said(data: bytes) -> Here | Gone:
    """BadMessage for what no station says, and for names that could not be in an address."""
    said = _read(_said, data)
    if not _ID.fullmatch(said.id):
        raise BadMessage("an id that is none")
    if isinstance(said, Here):
        if not _NAME.fullmatch(said.name) or not _URL.fullmatch(said.url):
            raise BadMessage("a station's name or address that is none")
        if len(said.channels) > MOST_CHANNELS or not all(_NAME.fullmatch(c.name) for c in said.channels):
            raise BadMessage(f"{said.name}: more than {MOST_CHANNELS} channels, or a name that is none")
    return said


def read_asked(data: bytes) -> Get | Next | Drop:
    """BadMessage for what is no request."""
    return _read(_asked, data)


def read_answer(data: bytes) -> Answer:
    """BadMessage for what is none; its headers are those that may be passed on."""
    answer = _read(_answer, data)
    if answer.status and not 200 <= answer.status <= 599:
        raise BadMessage(f"a status of {answer.status}")
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name in PASSED_HEADERS and _SAFE.fullmatch(value)
    }
    if headers.get("content-type", "").partition(";")[0].strip() not in _MEDIA:
        headers["content-type"] = "application/octet-stream"
    return Answer(
        status=answer.status,
        headers=headers,
        token=answer.token[:64],
        made=min(1.0, max(0.0, answer.made)),
        size=answer.size,
    )


def read_look(data: bytes) -> Look:
    """BadMessage for what is no wish to look."""
    look = _read(_look, data)
    if not _ID.fullmatch(look.view):
        raise BadMessage("a view's id that is none")
    return look


def read_looked(data: bytes) -> Looked:
    """BadMessage for what is none."""
    return _read(_looked, data)


def read_end(data: bytes) -> End:
    """BadMessage for what is none."""
    end = _read(_end, data)
    return End(code=end.code if 1000 <= end.code <= 4999 else _BROKEN, why=end.why[:100])


def packed(head: Answer, part: bytes) -> bytes:
    """One message of both."""
    told = written(head)
    return b"".join((len(told).to_bytes(_LENGTH_BYTES, "big"), told, part))


def unpacked(data: bytes) -> tuple[Answer, bytes]:
    """Both again. BadMessage for what is none."""
    length = int.from_bytes(data[:_LENGTH_BYTES], "big")
    head = data[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if len(head) != length:
        raise BadMessage("an answer that is cut off")
    return read_answer(head), data[_LENGTH_BYTES + length :]


def _read(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    if len(data) > _MOST_BYTES:
        raise BadMessage(f"a word of {len(data)} bytes; {_MOST_BYTES} are the most")
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadMessage(f"a word that cannot be understood: {error}") from error
