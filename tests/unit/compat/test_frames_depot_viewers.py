"""FramesDepot beside programs that look at its frames through rushes.Depot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rushes import Depot, Lease
from rushes.compat.frames_depot import FramesDepot
from tests.support.frames_door import BLOCKS, block_name, frame, numbered, run  # noqa: F401  one is a fixture


@pytest.fixture
def looking(name: str) -> Iterator[Depot]:
    """A handle that was opened while a FramesDepot had frames 0 to 2, 1 fetched, and that outlived it."""

    async def work(depot: FramesDepot) -> None:
        for k in range(3):
            await depot.enqueue(numbered(k))
        assert depot.get_frame(1) is not None
        handles.append(Depot.attach(depot.depot_name))

    handles: list[Depot] = []
    run(name, work)
    yield handles[0]
    handles[0].close()


def test_a_viewer_keeps_its_frames_and_not_the_block(name: str, looking: Depot) -> None:
    assert not (BLOCKS / name).exists()
    lease = looking.get(2)
    assert lease is not None
    assert (lease.array == 2).all()


def test_a_queue_begins_empty_though_a_viewer_kept_the_last_ones_frames(name: str, looking: Depot) -> None:
    async def work(depot: FramesDepot) -> None:
        assert (len(depot), depot.queue_is_full) == (0, False)
        assert [depot.get_frame(k) for k in range(3)] == [None] * 3
        for k in range(10, 13):
            assert await depot.enqueue(numbered(k))
        second = FramesDepot((6, 4, 3), name, 3)
        assert len(second) == len(depot) == 3, "who joins later forgets nothing"
        await second.close()
        assert not await depot.enqueue(numbered(13))
        assert depot.get_frame(12) is not None

    run(name, work)
    assert looking.head == 5, "the viewer sees the new frames too"


def test_frames_are_retired_whoever_reads_the_marks(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        held: list[Lease] = []
        with Depot.attach(depot.depot_name + ".retired") as marks:
            for k in range(20):
                assert await depot.enqueue({"frame_number": k, "frame": frame(k)}), k
                assert depot.get_frame(k) is not None
                assert len(depot) == 0
                newest = marks.newest()
                assert newest is not None
                held.append(newest)
            for lease in held:
                lease.release()

    run(name, work)


def test_a_viewer_that_holds_a_waiting_frame_hinders_nobody(name: str) -> None:
    async def go() -> None:
        async with FramesDepot((6, 4, 3), name, 2) as depot:
            await depot.enqueue(numbered(0))
            await depot.enqueue(numbered(1))
            with Depot.attach(depot.depot_name) as viewer:
                lease = viewer.get(1)
                assert lease is not None
                with lease:
                    assert depot.get_frame(0) is not None
                    assert await depot.enqueue(numbered(2))
                    assert (lease.array == 1).all()

    asyncio.run(go())
