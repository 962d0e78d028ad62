"""How many shots run at a time, and how that is changed."""

from __future__ import annotations

import threading

from rushes.shots import ShotSaver
from tests.unit.shots.pictures import jpeg
from tests.unit.shots.test_saver import made

__all__ = ["made"]


class Meter:
    """A channel that knows how many were in it at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = self.most = 0
        self.arrived, self.open = threading.Semaphore(0), threading.Event()

    def __call__(self, dt):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.arrived.release()
        assert self.open.wait(30)
        with self.lock:
            self.inside -= 1
        return jpeg()


def test_the_pool_size_bounds_what_runs(made):
    meter = Meter()
    saver = made({f"c{number}": meter for number in range(8)}, pool_size=3)
    for number in range(8):
        saver.save(f"c{number}")
    for _ in range(3):
        assert meter.arrived.acquire(timeout=30)
    assert not meter.arrived.acquire(timeout=0.1)
    meter.open.set()
    assert saver.wait(30)
    assert meter.most == 3


def test_a_larger_pool_serves_what_waits_already(made):
    meter = Meter()
    saver = made({f"c{number}": meter for number in range(6)}, pool_size=1)
    for number in range(6):
        saver.save(f"c{number}")
    assert meter.arrived.acquire(timeout=30)
    saver.pool_size = 4
    for _ in range(3):
        assert meter.arrived.acquire(timeout=30)
    assert not meter.arrived.acquire(timeout=0.1)
    meter.open.set()
    assert saver.wait(30)
    assert meter.most == 4


def test_a_smaller_pool_rests_its_workers(made):
    first, second = Meter(), Meter()
    saver = made(
        {f"c{number}": first for number in range(4)} | {"later": second, "last": second}, pool_size=4
    )
    for number in range(4):
        saver.save(f"c{number}")
    for _ in range(4):
        assert first.arrived.acquire(timeout=30)
    saver.pool_size = 1
    saver.save("later")
    saver.save("last")
    first.open.set()
    assert second.arrived.acquire(timeout=30)
    assert not second.arrived.acquire(timeout=0.1)
    second.open.set()
    assert saver.wait(30)
    assert second.most == 1


def test_setting_the_pool_size_leaves_no_threads(made):
    saver = made(pool_size=13)
    for size in (2, 13, 5, 1, 13, 3, 8):
        saver.pool_size = size
        assert saver.handle(saver.save("gate")[0]).result(30)
        assert saver.pool_size == size
    shots = [thread for thread in threading.enumerate() if thread.name.startswith("shots-")]
    assert len(shots) <= 13 + 2  # the timer and the courier


def test_a_saver_nobody_uses_has_no_threads():
    before = set(threading.enumerate())
    saver = ShotSaver(channels={})
    assert set(threading.enumerate()) == before
    saver.stop()
