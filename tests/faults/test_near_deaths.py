"""Map-reduce on one machine without a server: what is lost when one part dies or stops (nothing), and how long it
takes. The figures are printed.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.stream.work.worker import Worker
from rushes.wire.flow import Gap
from tests.faults.deaths import (
    HANG_S,
    longest_stall,
    sending,
    the_frame_of_a_killed_process_comes_back,
)
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import Ends, numbers, reading, settle, working
from tests.support.mapreduce_nodes import Node, all_gone, children, family, nodes

ends = Ends("near")


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where sockets lie: the system takes no long paths."""
    with tempfile.TemporaryDirectory(prefix="rushes-") as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        yield Path(place) / "rushes"


def workers(running: list[Node], count: int, source: str, drain: str, **environment: str) -> list[Node]:
    made = [Node("worker", source, drain, "none", "takes_a_while", "1", **environment) for _ in range(count)]
    running += made
    assert [node.told() for node in made] == ["ready"] * count
    assert settle(lambda: all(children(node.pid) for node in made))
    return made


def test_the_frame_of_a_killed_process_is_back_at_once(tmp_path: Path) -> None:
    with ends.both() as (streamer, receiver):
        the_frame_of_a_killed_process_comes_back(streamer, receiver, tmp_path)


def test_the_frames_of_a_killed_worker_are_others_before_any_lease_is_over() -> None:
    with nodes() as running, ends.both() as (streamer, receiver), reading(receiver) as reader:
        first, _ = workers(running, 2, streamer.address, receiver.address, TAKES_S="0.03")
        thread = sending(streamer, 100, 0.02)
        reader.take(30)
        theirs = family(first.pid)
        began = time.monotonic()
        first.kill()
        got = reader.take(70)
        thread.join()
        print(f"\nkilled worker: 0 of 100 lost, longest stall {longest_stall(reader, began):.2f} s")
        assert numbers(got) == list(range(30, 100))
        assert reader.nothing()
        assert longest_stall(reader, began) < HANG_S
        assert all_gone(theirs)
        assert settle(lambda: streamer.stats().waiting == 0)


def test_the_frames_of_a_stopped_worker_are_others_when_its_lease_is_over() -> None:
    with nodes() as running, ends.both() as (streamer, receiver), reading(receiver) as reader:
        first, _ = workers(running, 2, streamer.address, receiver.address, TAKES_S="0.03")
        thread = sending(streamer, 80, 0.02)
        reader.take(20)
        began = time.monotonic()
        os.kill(first.pid, signal.SIGSTOP)
        try:
            got = reader.take(60)
        finally:
            os.kill(first.pid, signal.SIGCONT)
        thread.join()
        print(f"\nstopped worker: 0 of 80 lost, longest stall {longest_stall(reader, began):.2f} s")
        assert numbers(got) == list(range(20, 80))
        # What it goes on with by now is there already, or is its to do again.
        more = sending(streamer, 20, 0.02)
        assert numbers(reader.take(20)) == list(range(80, 100))
        more.join()
        assert reader.nothing()
        assert receiver.stats().adds_up


def test_frames_that_went_with_a_killed_streamer_are_told() -> None:
    source = ends.new()
    with (
        nodes() as running,
        Receiver(ends.new(), mapreduce=True) as receiver,
        Worker(source, receiver.address) as worker,
        reading(receiver) as reader,
    ):
        node = Node("stream", source, "1000", "0")
        running.append(node)
        assert node.told() == source
        taken = iter(worker.handler)
        for _ in range(10):
            worker.send(next(taken))
        held = next(taken)  # the user is at work on it when the streamer dies
        assert settle(lambda: worker.stats().waiting == 3)
        node.kill()
        assert numbers(reader.take(10)) == list(range(10))
        worker.send(held)
        assert numbers(reader.take(1)) == [10]
        for _ in range(2):  # what was fetched ahead is here and can be worked on
            worker.send(next(taken))
        got = reader.take(3, HANG_S)
        assert numbers(got[:2]) == [11, 12]
        lost = got[2]
        assert isinstance(lost, Gap)
        assert (lost.first, lost.reason) == (13, "gone")
        stats = receiver.stats()
        print(f"\nkilled streamer: {stats.dropped} told, {stats.delivered} delivered")
        assert stats.adds_up
        assert stats.expected == lost.last + 1
        node.again()
        assert node.told() == source
        for number in range(3):
            worker.send(next(taken))
            assert numbers(reader.take(1)) == [number]
        assert receiver.stats().runs == 2


def test_frames_that_a_worker_kept_from_a_dead_streamer_are_told_when_it_dies_too(tmp_path: Path) -> None:
    source, here = ends.new(), tmp_path / "here"
    with nodes() as running, Receiver(ends.new(), mapreduce=True) as receiver, reading(receiver) as reader:
        (slow,) = workers(running, 1, source, receiver.address, TAKES_S="600", HERE=str(here))
        node = Node("stream", source, "30", "0")
        running.append(node)
        assert node.told() == source
        assert settle(here.exists)
        with Worker(source, receiver.address) as worker:
            for each in worker.handler:
                worker.send(each)
                if each["fno"] == 29:
                    break
            assert settle(lambda: receiver.stats().waiting == 30)  # the first are with the slow one
            node.kill()
            assert reader.nothing(3)
            slow.kill()
            assert numbers(reader.take(28)) == [Gap(0, 2, "gone", "none"), *range(3, 30)]
        assert receiver.stats().dropped == {"gone": 3}


def test_pictures_that_grow_and_shrink_come_through_and_leave_no_memory_behind() -> None:
    sizes = [(24, 32), (240, 320), (24, 32), (480, 640), (720, 1280), (24, 32), (1080, 1920)] * 2
    with (
        ends.both() as (streamer, receiver),
        working(streamer.address, receiver.address, functions.as_it_came),
        reading(receiver) as reader,
    ):
        for place, size in enumerate(sizes):
            streamer.send(np.full((*size, 3), place, np.uint8))
        got = reader.take(len(sizes))
        assert [each.shape[:2] for each in got if isinstance(each, Frame)] == sizes
        assert [int(each.array[0, 0, 0]) for each in got if isinstance(each, Frame)] == list(
            range(len(sizes))
        )
        del got
        assert settle(lambda: streamer.stats().waiting == 0)


def test_a_receiver_that_takes_nothing_holds_the_streamer_up_and_nothing_is_lost() -> None:
    picture = np.zeros((1080, 1920, 3), np.uint8)
    with (
        ends.both(when_full="drop_newest") as (streamer, receiver),
        working(streamer.address, receiver.address, functions.as_it_came),
    ):
        sent: list[bool] = []
        until = time.monotonic() + HANG_S
        while len(sent) < 200 and (not sent or sent[-1]) and time.monotonic() < until:
            sent.append(streamer.send(picture).accepted)
            time.sleep(0.005)
        taken = sum(sent)
        assert 8 <= taken < 100
        assert streamer.stats().dropped == {"full": 1}
        with reading(receiver) as reader:
            assert numbers(reader.take(taken)) == list(range(taken))
            assert reader.nothing()
        assert streamer.stats().adds_up


def test_a_receiver_that_is_killed_and_started_again_goes_on_where_it_was(tmp_path: Path) -> None:
    file, drain = tmp_path / "handed", ends.new()
    with (
        nodes() as running,
        Streamer(ends.new(), mapreduce=True) as streamer,
        working(streamer.address, drain, functions.as_it_came),
    ):
        node = Node("receive", drain, str(file))
        running.append(node)
        node.told()
        thread = sending(streamer, 120, 0.01)
        for count in (30, 70):
            assert settle(lambda least=count: len(lines(file)) >= least)  # type: ignore[misc]
            node.kill()
            node.again()
            node.told()
        thread.join()
        assert settle(lambda: len(set(lines(file))) == 120)
        assert node.stop() == 0
        came = lines(file)
        assert list(dict.fromkeys(came)) == [f"none {number} " for number in range(120)]
        assert len(came) <= 122  # that which was in its hands each time


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
