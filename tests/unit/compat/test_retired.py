"""The number up to which frames are retired, whoever raised it and in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from rushes import Depot, list_depots
from rushes.compat.retired import MARK_BYTES, MARKS, Retired


class Pair:
    """A depot of marks and one of frames, made in the given order."""

    def __init__(self, held: ExitStack, *order: str) -> None:
        sizes = {"marks": (MARKS, MARK_BYTES), "frames": (3, 4)}
        made: dict[str, Depot] = {}
        for which in order:
            slots, slot_bytes = sizes[which]
            made[which] = held.enter_context(Depot.create(which, slots=slots, slot_bytes=slot_bytes))
        self.marks, self.frames = made["marks"], made["frames"]
        (self.born,) = (each.created_ns for each in list_depots() if each.name == "frames")

    def say(self, sequence: int, born: int | None = None) -> None:
        self.marks.put(np.array([self.born if born is None else born, sequence], np.int64))

    def retired(self) -> Retired:
        return Retired(self.marks, self.frames)


@pytest.fixture
def held(core: str) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_what_one_raises_the_other_sees(held: ExitStack) -> None:
    pair = Pair(held, "marks", "frames")
    one, other = pair.retired(), pair.retired()
    assert (one.upto(), other.upto()) == (-1, -1)
    one.raise_to(4)
    assert (one.upto(), other.upto()) == (4, 4)
    other.raise_to(9)
    assert (one.upto(), other.upto(), pair.retired().upto()) == (9, 9, 9)


def test_it_never_goes_back_and_says_nothing_twice(held: ExitStack) -> None:
    pair = Pair(held, "marks", "frames")
    one = pair.retired()
    one.raise_to(4)
    head = pair.marks.head
    for sequence in (4, 3, -1):
        one.raise_to(sequence)
    assert (one.upto(), pair.marks.head) == (4, head)


def test_the_highest_counts_though_a_lower_one_came_last(held: ExitStack) -> None:
    pair = Pair(held, "marks", "frames")
    for sequence in (4, 7, 5):
        pair.say(sequence)
    assert pair.retired().upto() == 7


def test_what_is_said_of_another_depot_of_the_name_does_not_count(held: ExitStack) -> None:
    pair = Pair(held, "marks", "frames")
    pair.say(99, born=pair.born - 1)
    assert pair.retired().upto() == -1


def test_frames_that_wait_when_somebody_joins_go_on_waiting(held: ExitStack) -> None:
    pair = Pair(held, "marks", "frames")
    pair.frames.put(np.zeros(4, np.uint8))
    assert pair.retired().upto() == -1


def test_frames_older_than_the_marks_are_retired_once(held: ExitStack) -> None:
    pair = Pair(held, "frames", "marks")
    pair.frames.put(np.zeros(4, np.uint8))
    assert pair.retired().upto() == 0
    pair.frames.put(np.zeros(4, np.uint8))
    assert pair.retired().upto() == 0, "who joins later finds the new one waiting"


def test_more_marks_than_there_are_slots(held: ExitStack) -> None:
    pair = Pair(held, "marks", "frames")
    one, idle = pair.retired(), pair.retired()
    for sequence in range(2 * MARKS):
        one.raise_to(sequence)
    assert (one.upto(), idle.upto(), pair.retired().upto()) == (2 * MARKS - 1,) * 3
