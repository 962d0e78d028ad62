"""One at a time, robustly, and never against oneself."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from rushes._native import layout, ofd
from rushes._native.pure_gate import Gate, soon
from rushes.errors import ClosedError, DepotError

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT_S = 30.0


@pytest.fixture
def gates() -> Iterator[tuple[Gate, Gate]]:
    """Two participants of one segment."""
    first = os.memfd_create("rushes-test")
    second = os.open(f"/proc/self/fd/{first}", os.O_RDWR)
    yield Gate(first), Gate(second)
    os.close(first)
    os.close(second)


def test_one_at_a_time_across_openings_and_threads(gates: tuple[Gate, Gate]) -> None:
    inside, most = 0, 0

    def work(gate: Gate) -> None:
        nonlocal inside, most
        for _ in range(50):
            with gate:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work, args=(gates[k % 2],)) for k in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (inside, most) == (0, 1)


def test_what_comes_up_inside_is_done_on_leaving(gates: tuple[Gate, Gate]) -> None:
    done: list[str] = []

    def action() -> None:
        with gates[1]:  # would wait for ever inside the other
            done.append("inside the second")

    soon(action)
    assert len(done) == 1
    with gates[0]:
        for _ in range(2000):  # more than the stack could nest
            soon(action)
        assert len(done) == 1
    assert len(done) == 2001


def test_going_in_twice_is_an_error_and_no_hang(gates: tuple[Gate, Gate]) -> None:
    with gates[0]:
        for gate in gates:
            with pytest.raises(DepotError, match="amid"), gate:
                pass
    with gates[0]:
        pass


def test_an_error_inside_lets_the_next_one_in(gates: tuple[Gate, Gate]) -> None:
    with pytest.raises(KeyError), gates[0]:
        raise KeyError
    with gates[1]:
        pass


def test_after_shutting_nobody_comes_in() -> None:
    fd = os.memfd_create("rushes-test")
    gate = Gate(fd)
    waiting = threading.Event()
    answers: list[BaseException] = []

    def late() -> None:
        waiting.set()
        try:
            with gate:
                pass
        except ClosedError as error:
            answers.append(error)

    thread = threading.Thread(target=late)
    with gate:
        thread.start()
        assert waiting.wait(EVENT_S)
        gate.shut()
    thread.join()
    assert len(answers) == 1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_gate_of_a_fork_lets_go_without_unlocking() -> None:
    fd = os.memfd_create("rushes-test")
    other = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
    copy = os.dup(fd)  # what the parent has of the same opening
    ofd.try_take(fd, layout.MUTEX)
    try:
        Gate(fd).abandon()
        assert ofd.held_by_other(other, layout.MUTEX)
    finally:
        os.close(copy)
        os.close(other)
