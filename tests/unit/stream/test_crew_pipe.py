"""Notes between a crew and its processes, on sockets that wait and sockets that do not."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from rushes.errors import BadMessage
from rushes.stream.crew_pipe import DONE, READY, TASK, Reader, laid_out, push

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_notes_come_whole_and_in_order(pair: Pair):
    for kind, head, payload in (
        (READY, b"", b""),
        (TASK, b"head", b"payload"),
        (DONE, b"", b"x"),
        (DONE, b"y", b""),
    ):
        assert push(pair[0], laid_out(kind, head, payload))
    reader = Reader(pair[1])
    notes = [reader.read() for _ in range(4)]
    assert [(note.kind, bytes(note.head), bytes(note.payload)) for note in notes if note] == [
        (READY, b"", b""),
        (TASK, b"head", b"payload"),
        (DONE, b"", b"x"),
        (DONE, b"y", b""),
    ]


def test_a_socket_that_does_not_wait_gives_and_takes_what_it_can(pair: Pair):
    one, other = pair
    one.setblocking(False)
    other.setblocking(False)
    sent = np.random.default_rng(5).integers(0, 255, 3_000_000, np.uint8)
    parts, reader, note = laid_out(DONE, b"head", sent.data), Reader(other), None
    turns = 0
    while note is None:
        push(one, parts)
        note = reader.read()
        turns += 1
    assert turns > 1
    assert parts == []
    assert np.array_equal(np.frombuffer(note.payload, np.uint8), sent)
    assert reader.read() is None


def test_a_payload_begins_where_any_array_may(pair: Pair):
    push(pair[0], laid_out(DONE, b"odd", np.arange(5, dtype=np.float64).data))
    note = Reader(pair[1]).read()
    assert note is not None
    assert np.frombuffer(note.payload, np.float64).flags.aligned
    assert note.payload.readonly


def test_a_note_cut_off_is_the_end(pair: Pair):
    one, other = pair
    parts = laid_out(DONE, b"head", b"payload")
    one.send(b"".join(parts)[:-1])
    one.close()
    with pytest.raises(EOFError):
        Reader(other).read()


def test_lengths_that_no_note_has_are_refused_before_room_is_made(pair: Pair):
    for lengths in ((2**31, 0), (0, 2**60)):
        pair[0].send(struct.pack("<BIQ", DONE, *lengths))
        with pytest.raises(BadMessage):
            Reader(pair[1]).read()


def test_a_waiting_socket_sends_all(pair: Pair):
    one, other = pair
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(Reader(other).read()))
    thread.start()
    assert push(one, laid_out(DONE, b"head", bytes(3_000_000)))
    thread.join()
    assert len(got[0].payload) == 3_000_000  # type: ignore[attr-defined]
