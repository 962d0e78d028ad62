from __future__ import annotations

import threading
from typing import Any

from rushes.stream.work.held import Held, Work


class Said:
    """What stands for an item of the hub: remembers what was said of it."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.beats = 0
        self.beaten = threading.Event()
        self.given_back = False

    def in_progress(self) -> None:
        self.beats += 1
        self.beaten.set()

    def nak(self, delay_s: float = 0.0) -> None:
        self.given_back = True


def work(sequence: int) -> tuple[Work, Said]:
    said = Said(sequence)
    nothing: Any = None
    item: Any = said
    return Work(item, nothing, nothing), said


def test_the_hub_is_told_of_what_is_held_until_it_is_dropped() -> None:
    held = Held("test")
    made, said = work(1)
    assert held.add(made)
    assert said.beaten.wait(10)
    assert held.drop(made)
    assert not held.drop(made)
    said.beaten.clear()
    other, heard = work(2)
    held.add(other)
    assert heard.beaten.wait(10)
    assert not said.beaten.is_set()
    assert held.close() == [other]
    assert heard.given_back
    assert not said.given_back


def test_what_the_hub_sends_twice_is_held_once() -> None:
    held = Held("test")
    assert held.add(work(1)[0])
    assert not held.add(work(1)[0])
    assert len(held) == 1
    held.close()


def test_what_takes_too_long_is_told_and_no_longer_said_to_be_in_work() -> None:
    held = Held("test")
    late: list[Work] = []
    told = threading.Event()

    def overdue(each: Work) -> None:
        late.append(each)
        told.set()

    held.overdue, held.timeout_s = overdue, 0.0
    made, said = work(1)
    held.add(made)
    assert told.wait(10)
    held.close()
    assert late[0] is made
    assert said.beats == 0
