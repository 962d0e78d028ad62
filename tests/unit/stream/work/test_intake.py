from __future__ import annotations

import threading
from typing import Any, cast

from rushes.stream.work.intake import Intake


def fill(intake: Intake, *works: Any) -> None:
    for each in works:
        intake.put(each)


def test_the_oldest_is_taken_first() -> None:
    intake = Intake()
    fill(intake, "a", "b")
    assert intake.wait(0)
    got: list[Any] = [intake.take(0, 0), intake.take(0, 0), intake.take(0, 0)]
    assert got == ["a", "b", None]
    assert not intake.wait(0)


def test_an_end_ends_waits_that_began_before_and_none_that_begin_after() -> None:
    intake = Intake()
    epoch = intake.epoch
    took: list[Any] = []
    thread = threading.Thread(target=lambda: took.append(intake.take(None, epoch)))
    thread.start()
    intake.end()
    thread.join(10)
    assert took == [None]
    fill(intake, "a")
    assert intake.take(0, epoch) is None
    assert cast("Any", intake.take(0, intake.epoch)) == "a"


def test_what_is_in_it_at_the_end_is_nobodys() -> None:
    intake = Intake()
    fill(intake, "a")
    intake.end()
    assert intake.take(0, intake.epoch) is None


def test_a_wait_that_is_broken_is_ended_by_a_wake() -> None:
    intake = Intake()
    broken = threading.Event()
    took: list[Any] = []
    thread = threading.Thread(target=lambda: took.append(intake.take(None, 0, broken=broken.is_set)))
    thread.start()
    broken.set()
    intake.wake()
    thread.join(10)
    assert took == [None]
