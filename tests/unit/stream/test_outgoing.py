from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rushes.errors import EncodeError
from rushes.metrics import Edge, EdgeStats
from rushes.stream.outgoing import Outgoing
from tests.support.streams import PATIENCE_S, eventually


class Rig:
    """An Outgoing of numbers, and what came out of it."""

    def __init__(self, encode: Callable[[int], Any], *, workers: int, policy: str, room: int = 4) -> None:
        self.edge = Edge("test")
        self.emitted: list[int] = []
        self.at_once = self.most_at_once = 0
        self.out: Outgoing[int] = Outgoing(
            encode=encode,
            emit=self._emit,
            edge=self.edge,
            workers=workers,
            room=room,
            policy=policy,
            name="test",
        )

    def _emit(self, job: int, made: Any) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert made == f"coded {job}"
        self.emitted.append(job)
        self.edge.deliver()
        self.at_once -= 1

    def at_rest(self) -> EdgeStats:
        eventually(lambda: self.edge.stats().waiting == 0, f"still waiting: {self.edge.stats()}")
        stats = self.edge.stats()
        assert stats.adds_up
        assert stats.delivered == len(self.emitted)
        return stats


@contextmanager
def rig(
    encode: Callable[[int], Any] = lambda job: f"coded {job}",
    *,
    workers: int = 2,
    policy: str = "drop_oldest",
) -> Iterator[Rig]:
    made = Rig(encode, workers=workers, policy=policy)
    try:
        yield made
    finally:
        made.out.stop()


class Gated:
    """Encodes a job once it is told to; ``begun`` are those that a worker has taken."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.gate = threading.Event()

    def __call__(self, job: int) -> str:
        self.begun.append(job)
        assert self.gate.wait(PATIENCE_S)
        return f"coded {job}"


def test_the_order_of_put_is_kept_whatever_encoding_takes_and_nothing_is_lost() -> None:
    pause = threading.Event()
    chance = random.Random(7)

    def encode(job: int) -> str:
        pause.wait(chance.random() * 0.003)
        return f"coded {job}"

    with rig(encode, workers=4, policy="block") as made:
        assert {made.out.put(job) for job in range(200)} == {""}
        stats = made.at_rest()
    assert made.emitted == list(range(200))
    assert (stats.offered, stats.delivered, stats.dropped) == (200, 200, {})
    assert made.most_at_once == 1


@pytest.mark.parametrize(
    ("policy", "kept", "answers"),
    [("drop_oldest", [0, 4, 5, 6, 7], {""}), ("drop_newest", [0, 1, 2, 3, 4], {"", "full"})],
)
def test_when_there_is_no_room_the_policy_says_who_goes(
    policy: str, kept: list[int], answers: set[str]
) -> None:
    encode = Gated()
    with rig(encode, workers=1, policy=policy) as made:
        given = [made.out.put(0)]
        eventually(lambda: encode.begun == [0])
        given += [made.out.put(job) for job in range(1, 8)]
        assert set(given) == answers
        assert made.edge.stats().dropped == {"full": 3}
        encode.gate.set()
        assert made.at_rest().offered == 8
    assert made.emitted == kept


def test_block_holds_put_up_until_there_is_room() -> None:
    encode = Gated()
    with rig(encode, workers=1, policy="block") as made:
        putter = threading.Thread(target=lambda: [made.out.put(job) for job in range(8)], daemon=True)
        putter.start()
        eventually(lambda: made.edge.stats().offered == 6)
        putter.join(0.1)
        assert putter.is_alive()
        encode.gate.set()
        putter.join(PATIENCE_S)
        assert made.at_rest().dropped == {}
    assert made.emitted == list(range(8))


def test_the_stop_frees_a_put_that_waits_and_lets_what_was_begun_finish() -> None:
    encode = Gated()
    with rig(encode, workers=1, policy="block") as made:
        answers: list[str] = []
        putter = threading.Thread(
            target=lambda: answers.extend(made.out.put(job) for job in range(6)), daemon=True
        )
        putter.start()
        eventually(lambda: made.edge.stats().offered == 6)
        stopper = threading.Thread(target=made.out.stop, daemon=True)
        stopper.start()
        putter.join(PATIENCE_S)
        assert answers == ["", "", "", "", "", "stopped"]
        encode.gate.set()
        stopper.join(PATIENCE_S)
        assert made.at_rest().dropped == {"stopped": 5}
        assert made.emitted == [0]
        assert made.out.put(9) == "stopped"
        assert made.at_rest().offered == 7


@pytest.mark.parametrize("error", [EncodeError("no"), ZeroDivisionError("a bug")])
def test_a_frame_that_cannot_be_encoded_is_bad_and_holds_up_nobody(error: Exception) -> None:
    def encode(job: int) -> str:
        if job % 3 == 1:
            raise error
        return f"coded {job}"

    with rig(encode, policy="block") as made:
        for job in range(9):
            made.out.put(job)
        assert made.at_rest().dropped == {"bad": 3}
    assert made.emitted == [0, 2, 3, 5, 6, 8]


def test_what_an_encoder_keeps_back_is_not_emitted() -> None:
    with rig(lambda job: None if job == 1 else f"coded {job}", policy="block") as made:
        for job in range(3):
            made.out.put(job)
        eventually(lambda: made.emitted == [0, 2])
        made.edge.drop("kept back")


def test_what_several_threads_put_comes_out_once_each_in_the_order_of_each() -> None:
    with rig(workers=3, policy="block") as made:
        threads = [
            threading.Thread(target=lambda start=start: [made.out.put(start + n) for n in range(50)])
            for start in (0, 100, 200)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        made.at_rest()
    assert sorted(made.emitted) == [start + n for start in (0, 100, 200) for n in range(50)]
    for start in (0, 100, 200):
        mine = [job for job in made.emitted if start <= job < start + 50]
        assert mine == sorted(mine)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_emit_that_raises_does_not_end_the_stream() -> None:
    def emit(job: int, made: Any) -> None:
        if job == 0:
            raise ValueError("this one cannot be sent")
        emitted.append(job)

    emitted: list[int] = []
    edge = Edge("test")
    out: Outgoing[int] = Outgoing(
        encode=str, emit=emit, edge=edge, workers=2, room=4, policy="block", name="test"
    )
    try:
        for job in range(4):
            out.put(job)
        done = threading.Event()
        for _ in range(100):
            if emitted == [1, 2, 3] or done.wait(0.01):
                break
    finally:
        out.stop()
    assert emitted == [1, 2, 3]
    assert edge.stats().dropped == {"bad": 1}
