"""Who of a crew is free and who is not."""

from __future__ import annotations

from typing import Any

import pytest

from rushes.errors import ClosedError, ConfigError, QueueFull
from rushes.stream.crew_desk import Desk
from rushes.stream.crew_process import Task


class Process:
    """As far as a desk looks at one."""

    def __init__(self) -> None:
        self.task: Task | None = None
        self.doomed = False

    def kill(self) -> None:
        self.doomed = True


def desk_of(count: int) -> tuple[Any, list[Any]]:
    desk: Any = Desk(lambda: None)
    processes: list[Any] = [Process() for _ in range(count)]
    for process in processes:
        desk.free(process)
    return desk, processes


def task(name: object) -> Task:
    return Task(name, b"", b"")


def test_each_task_has_one_process_and_each_process_one_task():
    desk, processes = desk_of(2)
    desk.give(task(1))
    desk.give(task(2))
    assert desk.idle == 0
    assert {process.task.id for process in processes} == {1, 2}
    assert set(desk.given()) == set(processes)
    assert desk.given() == []
    with pytest.raises(QueueFull):
        desk.give(task(3))


def test_one_that_is_done_is_free_again():
    desk, (process,) = desk_of(1)
    desk.give(task(1))
    assert desk.done(process) == task(1)
    assert desk.done(process) is None
    assert desk.idle == 1
    desk.give(task(1))


def test_an_id_in_work_is_refused_and_takes_nobodys_place():
    desk, _ = desk_of(2)
    desk.give(task(1))
    with pytest.raises(ConfigError):
        desk.give(task(1))
    assert desk.idle == 1


def test_one_that_was_killed_gets_no_more_though_it_answered():
    desk, (process,) = desk_of(1)
    desk.give(task(1))
    assert desk.kill(1)
    assert process.doomed
    assert desk.done(process) == task(1)
    assert desk.idle == 0
    assert not desk.kill(1)


def test_one_that_is_gone_leaves_its_task_and_is_forgotten():
    desk, (first, second) = desk_of(2)
    desk.give(task(1))
    busy, free = (first, second) if first.task else (second, first)
    assert desk.gone(free) is None
    assert desk.idle == 0
    assert desk.gone(busy) == task(1)
    assert desk.gone(busy) is None


def test_nothing_is_given_out_after_the_end():
    def closed() -> None:
        raise ClosedError("over")

    desk: Any = Desk(closed)
    desk.free(Process())
    with pytest.raises(ClosedError):
        desk.give(task(1))
    assert desk.idle == 1
