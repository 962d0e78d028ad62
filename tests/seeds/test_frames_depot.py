"""The examples in the frames depot's document, with only the import line changed; one process beside it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from rushes import ClosedError
from rushes.compat.frames_depot import FramesDepot
from tests.support.processes import script

width, height, channels = 64, 48, 3
frame_size = (width, height, channels)
max_size = 10

# Python before 3.13 removes a block when a process that opened it ends, unless its note of it is taken back.
VIEWER = """
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
block = SharedMemory(sys.argv[1])
resource_tracker.unregister("/" + block.name, "shared_memory")
for line in sys.stdin:
    print(block.size, set(block.buf[: int(line)]), flush=True)
block.close()
"""
OTHER = """
import asyncio
from rushes.compat.frames_depot import FramesDepot
async def main():
    frames_depot = FramesDepot((64, 48, 3), sys.argv[1], 10)
    print(frames_depot.queue_is_full, flush=True)
    for frame_number in (5, 3, 9):
        frame = frames_depot.get_frame(frame_number)
        print(None if frame is None else (frame.shape, int(frame.min()), int(frame.max())), flush=True)
    await frames_depot.clear_queue()
    await frames_depot.close()
asyncio.run(main())
"""


@pytest.fixture
def memory_name():
    """The document's, made this run's own: the blocks of a machine share one folder."""
    name = f"frame_depot_{secrets.token_hex(4)}"
    yield name
    assert block_bytes(name) is None, "the shared block was left behind"


def block_bytes(name: str) -> int | None:
    """How large the shared block is; None when there is none."""
    path = Path("/dev/shm", name)
    return path.stat().st_size if path.exists() else None


def of(number: int) -> np.ndarray:
    return np.full((height, width, channels), number, np.uint8)


async def add(frames_depot: FramesDepot, count: int) -> None:
    for current_frame in range(count):
        frame = of(current_frame)
        frame_dict = {"frame_number": current_frame, "frame": frame}
        await frames_depot.enqueue(frame_dict)


def run(memory_name: str, work: Callable[[FramesDepot], Awaitable[None]]) -> None:
    async def main() -> None:
        frames_depot = FramesDepot(frame_size, memory_name, max_size)
        try:
            await work(frames_depot)
        finally:
            await frames_depot.close()

    asyncio.run(main())


def test_initialization_makes_the_block_of_that_name(memory_name):
    async def work(frames_depot: FramesDepot) -> None:
        assert not frames_depot.queue_is_full
        assert frames_depot.frame_size == frame_size
        assert (frames_depot.memory_name, frames_depot.max_size) == (memory_name, max_size)
        assert block_bytes(memory_name) == width * height * channels

    run(memory_name, work)


def test_frames_are_added_until_the_queue_is_full(memory_name):
    async def work(frames_depot: FramesDepot) -> None:
        await add(frames_depot, max_size - 1)
        assert not frames_depot.queue_is_full
        await add(frames_depot, 1)
        assert frames_depot.queue_is_full

    run(memory_name, work)


def test_a_frame_is_retrieved_by_its_number_and_lies_in_the_block(memory_name):
    async def work(frames_depot: FramesDepot) -> None:
        await add(frames_depot, max_size)
        frame_number = 5
        with script(VIEWER, memory_name) as viewer:
            frame = frames_depot.get_frame(frame_number)
            assert frame is not None
            assert np.array_equal(frame, of(5))
            viewer.say(str(frame.nbytes))
            assert viewer.line() == f"{frame.nbytes} {{5}}"
        assert frames_depot.get_frame(77) is None

    run(memory_name, work)


def test_another_process_retrieves_the_frames(memory_name):
    async def work(frames_depot: FramesDepot) -> None:
        await add(frames_depot, max_size)
        with script(OTHER, memory_name) as other:
            lines = [other.line() for _ in range(4)]
            assert other.wait() == 0
        assert lines == ["True", "((48, 64, 3), 5, 5)", "None", "((48, 64, 3), 9, 9)"]
        assert not frames_depot.queue_is_full

    run(memory_name, work)


def test_the_callback_is_called_when_the_queue_is_full(memory_name, capsys):
    def backpressure_callback():
        print("full: slow down")

    async def main() -> None:
        frames_depot = FramesDepot(frame_size, memory_name, max_size, backpressure_callback)
        await add(frames_depot, max_size)
        assert capsys.readouterr().out == ""
        await add(frames_depot, 1)
        assert capsys.readouterr().out == "full: slow down\n"
        await frames_depot.close()

    asyncio.run(main())


def test_a_cleared_queue_has_no_frames_and_takes_new_ones(memory_name):
    async def work(frames_depot: FramesDepot) -> None:
        await add(frames_depot, max_size)
        await frames_depot.clear_queue()
        assert not frames_depot.queue_is_full
        assert frames_depot.get_frame(5) is None
        await add(frames_depot, max_size)
        assert frames_depot.get_frame(5) is not None

    run(memory_name, work)


def test_closing_releases_the_block(memory_name):
    async def main() -> None:
        frames_depot = FramesDepot(frame_size, memory_name, max_size)
        await add(frames_depot, 1)
        await frames_depot.close()
        assert block_bytes(memory_name) is None
        with pytest.raises(ClosedError):
            frames_depot.get_frame(0)

    asyncio.run(main())
