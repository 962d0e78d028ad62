"""Waiting for frames, sync and async; consumers that count."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from rushes import ClosedError, ConfigError, Depot
from tests.support.pictures import picture

Make = Callable[..., Depot]


def later(act: Callable[[], object], seconds: float = 0.15) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def test_next_waits_for_the_frame_and_no_longer_than_told(make: Make) -> None:
    depot = make()
    began = time.monotonic()
    assert depot.next(-1, timeout_s=0.25) is None
    assert time.monotonic() - began >= 0.25
    assert depot.next(-1, timeout_s=0) is None
    timer = later(lambda: depot.put(picture(1)))
    lease = depot.next(-1)
    timer.join()
    assert lease is not None
    assert lease.sequence == 0


def test_wait_tells_whether_something_newer_came(make: Make) -> None:
    depot = make()
    assert depot.wait(-1, 0.05) is False
    depot.put(picture(1))
    assert depot.wait(-1, 0) is True
    assert depot.wait(0, 0.05) is False
    timer = later(lambda: depot.put(picture(2)))
    assert depot.wait(0, None) is True
    timer.join()


def test_a_wait_across_a_clear_does_not_return_early_or_spin(make: Make) -> None:
    depot = make()
    depot.put(picture(1))
    depot.clear()
    used = time.process_time()
    assert depot.next(-1, timeout_s=0.5) is None
    assert time.process_time() - used < 0.4, "the wait spun"


def test_closing_ends_a_wait(make: Make) -> None:
    depot = make()
    timer = later(depot.close)
    with pytest.raises(ClosedError):
        depot.next(-1)
    timer.join()


def test_frames_begins_where_told(make: Make) -> None:
    depot = make(slots=4)
    for k in range(6):
        depot.put(picture(k))
    assert next(depot.frames()).number == 5
    assert next(depot.frames("newest")).number == 5
    assert next(depot.frames("oldest")).number == 2
    assert next(depot.frames(3)).number == 4
    for wrong in ("latest", -2, 1.5, True):
        with pytest.raises(ConfigError):
            depot.frames(wrong)  # type: ignore[arg-type]


def test_a_slow_reader_counts_what_it_missed(make: Make) -> None:
    depot = make(slots=4)
    frames = depot.frames("newest", name="slow")
    for k in range(10):
        depot.put(picture(k))
    assert [next(frames).number for _ in range(2)] == [6, 7]
    assert frames.missed == 6
    (mine,) = depot.stats().consumers
    assert (mine.name, mine.seen, mine.missed, mine.waiting, mine.published) == ("slow", 2, 6, 2, 10)


def test_an_iterator_waits_and_ends_on_close(make: Make) -> None:
    depot = make()
    frames = depot.frames()
    timer = later(lambda: depot.put(picture(1)))
    assert next(frames).number == 0
    timer.join()
    timer = later(frames.close)
    assert list(frames) == []
    timer.join()
    with depot.frames() as again:
        assert next(again).number == 0
    assert list(again) == []
    assert depot.stats().consumers == ()


def test_async_readers_all_wake_and_others_run_meanwhile(make: Make) -> None:
    depot = make()

    async def run() -> list[int]:
        waiting = [asyncio.create_task(depot.anext(-1)) for _ in range(5)]
        ticks = 0
        while ticks < 5:
            await asyncio.sleep(0.01)
            ticks += 1
        assert not any(task.done() for task in waiting)
        await depot.aput(picture(3))
        return [lease.number for lease in await asyncio.gather(*waiting) if lease is not None]

    assert asyncio.run(run()) == [0] * 5


def test_async_iteration_drains_and_cancels_cleanly(make: Make) -> None:
    depot = make(slots=8)

    async def run() -> list[int]:
        seen: list[int] = []
        all_seen = asyncio.Event()

        async def read() -> None:
            async for lease in depot.frames("oldest"):
                seen.append(lease.number)
                if len(seen) == 5:
                    all_seen.set()

        task = asyncio.create_task(read())
        for k in range(5):
            await depot.aput(picture(k))
            await asyncio.sleep(0.005)
        await all_seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await depot.anext(4, timeout_s=0.05) is None
        return seen

    assert asyncio.run(run()) == [0, 1, 2, 3, 4]


def test_aput_waits_under_block_without_holding_the_loop(make: Make) -> None:
    depot = make(slots=1, when_full="block")
    frames = depot.frames("oldest", lossless=True)

    async def run() -> list[bool]:
        assert (await depot.aput(picture(0))).stored
        assert (await depot.aput(picture(1), timeout_s=0.1)).reason == "timeout"
        task = asyncio.create_task(depot.aput(picture(2)))
        await asyncio.sleep(0.05)
        assert not task.done()
        assert (await anext(frames)).number == 0
        reading = asyncio.create_task(anext(frames))
        return [(await task).stored, (await reading).number == 2]

    assert asyncio.run(run()) == [True, True]


def test_async_wait_ends_when_the_handle_closes(make: Make) -> None:
    depot = make()

    async def run() -> None:
        task = asyncio.create_task(depot.anext(-1))
        await asyncio.sleep(0.05)
        await depot.aclose()
        with pytest.raises(ClosedError):
            await task

    asyncio.run(run())


def test_threads_share_a_handle(make: Make) -> None:
    depot = make(slots=8)
    errors: list[BaseException] = []

    def write() -> None:
        for k in range(300):
            depot.put(picture(k), k)

    def read() -> None:
        try:
            for _ in range(600):
                lease = depot.newest()
                if lease is not None and not (lease.array == lease.number % 251).all():
                    raise AssertionError("torn frame")
        except BaseException as error:  # noqa: BLE001  carried to the main thread
            errors.append(error)

    threads = [threading.Thread(target=work) for work in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert depot.stats().stored == 600
    assert depot.stats().adds_up
    assert depot.leases() == []
