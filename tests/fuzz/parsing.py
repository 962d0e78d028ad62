"""What is fuzzed, and what must hold whatever comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rushes.errors import BadMessage
from rushes.wire.message import Message, as_array, figures_of, unpack
from tests.unit.wire.messages import header, parts_of


def parse(parts: Sequence[bytes]) -> Message | None:
    """The message when it was taken, None when it was refused; anything but BadMessage comes through."""
    try:
        message = unpack(parts)
        figures_of(message.header)
        if message.header.codec == "raw":
            assert as_array(message).nbytes == len(parts[1])
    except BadMessage:
        return None
    assert message.header.length == len(parts[1])
    assert len(message.header.shape) <= 4
    return message


def samples() -> Iterator[bytes]:
    """First parts of sound messages, to begin from; their payload is of 18 bytes."""
    line = {"kind": "line", "points": [(0.0, 0.0), (1.0, 1.0)]}
    for made in (
        header(),
        header(meta={"a": 1, "b": "text", "c": 1.5, "d": None, "e": True}),
        header(figures=[line] * 3),
        header(figures=[{"kind": "box", "x": 0.1, "y": 0.1, "w": 0.2, "h": 0.2, "label": "l"}]),
        header(shape=(1, 2, 3, 3), track="ä" * 40),
        header(codec="jpeg", key=False),
    ):
        yield bytes(parts_of(made, bytes(18))[0])
