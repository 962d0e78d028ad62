from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import WireError
from rushes.stream.work.progress import HubProgress, Marks
from rushes.stream.work.results import Settled


def test_what_was_reached_is_known_after_a_restart() -> None:
    made = Marks(b"")
    assert made.known_of(1, "a") == (0, [])
    made.reached(1, "a", 7, [9])
    made.reached(1, "b", 2, [])
    again = Marks(made.packed())
    assert again.known_of(1, "a") == (7, [9])
    assert again.known_of(1, "b") == (2, [])
    assert again.known_of(2, "a") == (0, [])


@given(st.sets(st.integers(0, 40)))
def test_what_is_done_out_of_order_is_kept_whatever_it_is(beyond: set[int]) -> None:
    made = Marks(b"")
    made.reached(1, "a", 0, sorted(beyond))
    assert Marks(made.packed()).known_of(1, "a") == (0, sorted(beyond))


def test_thousands_in_a_row_beyond_a_missing_one_take_no_room() -> None:
    made = Marks(b"")
    made.reached(1, "a", 0, list(range(1, 100_000)))
    assert len(made.packed()) < 100


@pytest.mark.parametrize(
    "text", [b"", b"{", b"{}", b"[3]", b'[[1, "a", 2]]', b'[[1, "a", "x", []]]', b"\xff"]
)
def test_what_cannot_be_read_counts_as_nothing(text: bytes) -> None:
    made = Marks(text)
    assert made.known_of(1, "a") == (0, [])
    made.reached(1, "a", 1, [])
    assert Marks(made.packed()).known_of(1, "a") == (1, [])


def test_the_runs_that_were_not_heard_of_for_longest_are_forgotten() -> None:
    made = Marks(b"")
    for run in range(64):
        made.reached(run, "a", 1, [])
    made.reached(0, "a", 2, [])
    made.reached(64, "a", 1, [])
    again = Marks(made.packed())
    assert again.known_of(0, "a") == (2, [])
    assert again.known_of(1, "a") == (0, [])
    assert again.known_of(64, "a") == (1, [])


class Link:
    """Stands for a link whose claim notes nothing until it is told to."""

    def __init__(self) -> None:
        self.text = b""
        self.notes: list[tuple[bytes, Callable[[], object], threading.Event]] = []

    def claim(self, stream: str, who: str, *, on_lost: Callable[[WireError], object]) -> Any:
        return self

    def note(self, text: bytes, then: Callable[[], object]) -> threading.Event:
        written = threading.Event()
        self.notes.append((text, then, written))
        return written


def test_it_returns_when_it_has_left_the_process_and_says_when_it_is_safe() -> None:
    link: Any = Link()
    progress = HubProgress(link, "cam", over=lambda: False, on_lost=print)
    safe = threading.Event()
    waiting = threading.Thread(target=progress.reached, args=([Settled(1, "a", 3, [], [])], safe.set))
    waiting.start()
    while not link.notes:
        waiting.join(0.01)
    text, then, written = link.notes[0]
    assert waiting.is_alive()
    written.set()
    waiting.join(20)
    assert not waiting.is_alive()
    assert not safe.is_set()
    then()
    assert safe.is_set()
    assert Marks(text).known_of(1, "a") == (3, [])


def test_a_stop_lets_go_of_one_who_waits_for_a_hub_that_is_away() -> None:
    link: Any = Link()
    over = threading.Event()
    progress = HubProgress(link, "cam", over=over.is_set, on_lost=print)
    waiting = threading.Thread(target=progress.reached, args=([], lambda: None))
    waiting.start()
    over.set()
    waiting.join(20)
    assert not waiting.is_alive()
