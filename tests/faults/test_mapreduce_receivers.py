"""Receivers that follow one another on other machines, that come too many, and that stand still."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.errors import ConfigError
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import HERE, settle, small, working
from tests.support.mapreduce_nodes import Node, nodes


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def handed(file: Path) -> list[int]:
    return [int(line.split()[1]) for line in file.read_text().splitlines()] if file.exists() else []


def elsewhere(folder: Path, name: str, address: str) -> tuple[Node, Path]:
    """A receiver that keeps nothing where another one does, as on another machine."""
    file = folder / f"handed-{name}"
    return Node("receive", address, str(file), XDG_STATE_HOME=str(folder / name)), file


@contextlib.contextmanager
def receiving(folder: Path) -> Iterator[tuple[list[Node], Streamer, str, Node, Path]]:
    """A streamer, a worker, and a receiver elsewhere: the nodes, the streamer, where results are, the receiver's
    node, and the file of what it was handed.
    """
    with (
        nodes() as running,
        Streamer(HERE, mapreduce=True) as streamer,
        working(streamer.address, None, functions.as_it_came),
    ):
        address = streamer.address.replace("tcp:", "nats:")
        first, one = elsewhere(folder, "one", address)
        running.append(first)
        first.told()
        yield running, streamer, address, first, one


def test_a_receiver_on_another_machine_goes_on_where_a_killed_one_was(tmp_path: Path) -> None:
    count = 200
    with receiving(tmp_path) as (running, streamer, address, first, one):
        for number in range(count):
            assert streamer.send(small()).number == number
            if number == count // 2:
                assert settle(lambda: len(handed(one)) > 20)
                first.kill()
                began = time.monotonic()
                second, two = elsewhere(tmp_path, "two", address)
                running.append(second)
                second.told()
                joined_s = time.monotonic() - began
        assert settle(lambda: count - 1 in handed(two))
        assert second.stop() == 0
    before, after = handed(one), handed(two)
    twice = set(before) & set(after)
    print(f"\nkilled after {len(before)}; another was at work {joined_s:.2f} s later, {len(twice)} twice")
    assert before == list(range(len(before)))
    assert after == list(range(after[0], count))
    assert len(before) - 1 <= after[0] <= len(before)


def test_a_second_receiver_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, streamer, address, first, one):
        for _ in range(10):
            streamer.send(small())
        assert settle(lambda: len(handed(one)) == 10)
        for place in (address, streamer.address):
            with pytest.raises(ConfigError, match=rf"already, by process {first.pid} .*: end that one"):
                Receiver(place, mapreduce=True).start()
        first.kill()
        began = time.monotonic()
        with Receiver(address, mapreduce=True) as receiver:
            free_s = time.monotonic() - began
            streamer.send(small())
            number = next(frame.number for frame in receiver.frames() if frame.number)  # type: ignore[union-attr]
    print(f"\nafter a SIGKILL of the first, the second was let in within {free_s:.3f} s")
    assert number in (9, 10)


def test_a_receiver_that_stood_still_is_replaced_and_spoils_nothing_when_it_goes_on(tmp_path: Path) -> None:
    with receiving(tmp_path) as (running, streamer, address, first, one):
        for _ in range(10):
            streamer.send(small())
        assert settle(lambda: len(handed(one)) == 10)
        os.kill(first.pid, signal.SIGSTOP)
        began = time.monotonic()
        second, two = elsewhere(tmp_path, "two", address)
        running.append(second)
        second.told()
        replaced_s = time.monotonic() - began
        for _ in range(20):
            streamer.send(small())
        assert settle(lambda: 29 in handed(two))
        os.kill(first.pid, signal.SIGCONT)
        assert first.process.wait(30) == 1  # it says that another has the stream
        for _ in range(10):
            streamer.send(small())
        assert settle(lambda: 39 in handed(two))
        assert second.stop() == 0
        third, three = elsewhere(tmp_path, "three", address)
        running.append(third)
        third.told()
        for _ in range(10):
            streamer.send(small())
        assert settle(lambda: 49 in handed(three))
        assert third.stop() == 0
    print(f"\none that stood still was replaced after {replaced_s:.2f} s")
    assert handed(two) in (list(range(10, 40)), list(range(9, 40)))
    assert handed(three) == list(range(40, 50))
    assert set(handed(one)) <= set(range(11))
