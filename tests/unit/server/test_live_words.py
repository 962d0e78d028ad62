"""The words and bytes of a live socket."""

from __future__ import annotations

import json
import struct

import pytest

from rushes.errors import BadMessage
from rushes.server import live_words as words


def test_the_header_is_24_bytes_in_network_order() -> None:
    made = words.head(words.KEY, 1234, 2**40, 1_700_000_000_000_000_000)
    assert struct.unpack(">BBHIQQ", made) == (1, 1, 0, 1234, 2**40, 1_700_000_000_000_000_000)
    assert len(made) == words.HEADER_BYTES == 24


def test_a_number_or_time_that_does_not_fit_is_cut_not_refused() -> None:
    assert struct.unpack(">BBHIQQ", words.head(0, 2**40, 2**64 + 3, 0))[3:5] == (2**32 - 1, 3)


def test_an_acknowledgement_is_eight_bytes() -> None:
    assert words.read_ack(struct.pack(">II", 7, 99)) == words.Ack(7, 99)
    with pytest.raises(BadMessage, match="8 bytes"):
        words.read_ack(b"123")
    assert words.read_ack(words.ack(2**32 + 7, 2**40 + 99)) == words.Ack(7, 99)


def test_a_header_is_read_as_it_was_made() -> None:
    made = words.head(words.KEY, 1234, 2**40, 1_700_000_000_000_000_000)
    assert words.read_head(made + b"payload") == words.Head(words.KEY, 2**40, 1_700_000_000_000_000_000)
    with pytest.raises(BadMessage, match="24 bytes"):
        words.read_head(made[:-1])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"type":"ping","t":12.5}', words.Ping(t=12.5)),
        ('{"type":"pause"}', words.Pause()),
        ('{"type":"resume","later":1}', words.Resume()),
        ('{"type":"set","w":640,"figures":false}', words.Set(w=640, figures=False)),
    ],
)
def test_words_of_viewers_are_read(text: str, word: words.Word) -> None:
    assert words.read_word(text) == word


@pytest.mark.parametrize(
    "text", ["", "{}", '{"type":"stop"}', '{"type":"ping"}', "[1]", '{"type":"ping","t":"x"}']
)
def test_what_is_no_word_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        words.read_word(text)


def test_a_long_word_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadMessage, match="characters"):
        words.read_word('{"type":"ping","t":1' + " " * 2000 + "}")


def test_what_is_said_names_its_type() -> None:
    said = json.loads(words.write(words.Dropped(total=3, reason={"slow viewer": 3})))
    assert said == {"type": "drop", "total": 3, "reason": {"slow viewer": 3}}
    assert json.loads(words.write(words.State(state="live")))["type"] == "state"
    assert json.loads(words.write(words.Switch(codec="h264", why="slow")))["type"] == "switch"
