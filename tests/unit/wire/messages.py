"""Headers for tests, and every way that a message can be mutilated."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from rushes.wire.message import Header, pack, topic_of

COUNTS = st.integers(0, 2**63 - 1)
VALUES = st.one_of(
    st.text(max_size=20), st.integers(-(2**63), 2**64 - 1), st.floats(), st.booleans(), st.none()
)
PLACES = st.floats(0, 0.5)
FIGURES = st.one_of(
    st.fixed_dictionaries({"kind": st.just("box"), "x": PLACES, "y": PLACES, "w": PLACES, "h": PLACES}),
    st.fixed_dictionaries(
        {"kind": st.just("line"), "points": st.lists(st.tuples(PLACES, PLACES), min_size=2, max_size=4)}
    ),
    st.fixed_dictionaries({"kind": st.just("text"), "x": PLACES, "y": PLACES, "text": st.text(max_size=9)}),
)


def header(**changes: Any) -> Header:
    """A sound header of a raw picture of 2x3 pixels, but for the ``changes``."""
    plain: dict[str, Any] = {
        "stream": "cam",
        "run": 7,
        "number": 41,
        "captured_ns": 1_700_000_000_000_000_000,
        "sent_ns": 1_700_000_000_000_000_001,
        "codec": "raw",
        "format": "bgr24",
        "shape": (2, 3, 3),
        "length": 18,
    }
    return Header(**(plain | changes))


def parts_of(given: Header, payload: bytes | memoryview) -> list[bytes | memoryview]:
    """The two parts as a publisher sends them."""
    return [topic_of(given) + pack(given), payload]


def forged(given: Header) -> bytes:
    """The first part with whatever the header says, unchecked."""
    return topic_of(given) + msgspec.msgpack.encode(given)


@st.composite
def sound(draw: st.DrawFn) -> list[bytes]:
    """The parts of a message that is in order."""
    codec = draw(st.sampled_from(["raw", "jpeg", "h264", "shm"]))
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=4)))
    size = 0 if codec == "shm" else draw(st.integers(1, 40))
    if codec == "raw":
        size = 1
        for side in shape:
            size *= side
    made = header(
        codec=codec,
        shape=shape,
        length=size,
        run=draw(COUNTS),
        number=draw(COUNTS),
        track=draw(st.text(max_size=5)),
        key=draw(st.booleans()),
        figures=draw(st.lists(FIGURES, max_size=3)),
        meta=draw(st.dictionaries(st.text(max_size=5), VALUES, max_size=4)),
    )
    first, second = parts_of(made, bytes(size))
    return [bytes(first), bytes(second)]


@st.composite
def mutilated(draw: st.DrawFn) -> list[bytes]:
    """A sound message, then bytes changed, cut out, doubled or put in, and parts lost, swapped or added."""
    parts = [bytearray(each) for each in draw(sound())]
    for _ in range(draw(st.integers(1, 6))):
        what = draw(st.sampled_from(["set", "set", "set", "cut", "insert", "double", "parts"]))
        if what == "parts":
            parts = draw(st.sampled_from([parts[::-1], parts[:1], [*parts, bytearray(b"x")], []]))
            continue
        part = parts[draw(st.integers(0, len(parts) - 1))] if parts else bytearray()
        if not part:
            continue
        at = draw(st.integers(0, len(part) - 1))
        if what == "set":
            # The bytes that msgpack gives a meaning to are drawn more often than the rest.
            part[at] = draw(st.one_of(st.integers(0, 255), st.integers(0xC0, 0xDF)))
        elif what == "cut":
            del part[at : at + draw(st.integers(1, 20))]
        elif what == "insert":
            part[at:at] = draw(st.binary(min_size=1, max_size=9))
        else:
            part[at:at] = part[at : at + draw(st.integers(1, 20))]
    return [bytes(each) for each in parts]
