"""FramesDepot between processes: one queue, one block, and names that are given back."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rushes import Depot, SegmentMismatch
from rushes.compat.frames_depot import FramesDepot
from tests.support.frames_door import BLOCKS, block_name, frame, numbered, run  # noqa: F401  one is a fixture
from tests.support.processes import script

READER = """
import asyncio
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from rushes.compat.frames_depot import FramesDepot

def shown(keep=True):
    # Python 3.11 removes a block when a process that opened it ends; keep=True tells it not to.
    block = SharedMemory(sys.argv[1])
    if keep:
        resource_tracker.unregister("/" + block.name, "shared_memory")
    value, size = block.buf[0], block.size
    block.close()
    return value, size
"""


def test_another_process_finds_the_frames_and_the_shown_one(name: str) -> None:
    source = """
        async def go():
            async with FramesDepot((6, 4, 3), sys.argv[1], 3) as other:
                got = other.get_frame(2)
                print((got == 2).all(), len(other), other.get_frame(1), shown(), flush=True)
                print(await other.enqueue({"frame_number": 9, "frame": np.full((4, 6, 3), 9, np.uint8)}), flush=True)
        print(shown(), flush=True)
        asyncio.run(go())
    """

    async def work(depot: FramesDepot) -> None:
        for k in (1, 2, 3):
            await depot.enqueue(numbered(k))
        assert depot.get_frame(1) is not None
        assert len(depot) == 2
        with script(READER + textwrap.dedent(source), name) as other:
            lines = [other.line() for _ in range(3)]
            assert lines == [str((1, 72)), f"True 1 None {(2, 72)}", "True"]
            assert other.wait() == 0
        assert len(depot) == 2, "3 and 9"
        assert depot.get_frame(2) is None, "the other process retired it, and it stays so when that one left"
        got = depot.get_frame(9)
        assert got is not None, "what the other one put must be here"
        assert (got == 9).all()

    run(name, work)


def test_a_reader_in_another_process_makes_room_here(name: str) -> None:
    source = """
        depot = FramesDepot((6, 4, 3), sys.argv[1], 2)
        for line in sys.stdin:
            print(depot.get_frame(int(line)) is not None, flush=True)
    """

    async def work(depot: FramesDepot) -> None:
        with script(READER + textwrap.dedent(source), name) as reader:
            for k in range(0, 20, 2):
                assert await depot.enqueue(numbered(k))
                assert await depot.enqueue(numbered(k + 1))
                assert depot.queue_is_full
                assert not await depot.enqueue(numbered(99))
                reader.say(str(k + 1))
                assert reader.line() == "True"
                assert not depot.queue_is_full
            reader.kill()
        assert await depot.enqueue(numbered(50)), "what a killed reader retired stays retired"
        assert await depot.enqueue(numbered(51))
        assert not await depot.enqueue(numbered(52))

    run(name, work, 2)


def test_a_block_that_a_readers_tracker_removed_is_made_again(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        for k in (1, 2):
            await depot.enqueue(numbered(k))
        depot.get_frame(1)
        (BLOCKS / name).unlink()
        depot.get_frame(2)
        with script(READER + "print(shown())", name) as late:
            assert late.line() == str((2, 72))
            assert late.wait() == 0

    run(name, work)


def test_the_last_one_out_removes_the_block_and_the_frames(name: str, place: Path) -> None:
    async def go() -> None:
        first, second = (FramesDepot((6, 4, 3), name, 2) for _ in range(2))
        await first.enqueue(numbered(1))
        await first.close()
        assert (BLOCKS / name).exists()
        assert second.get_frame(1) is not None
        await second.close()
        assert not (BLOCKS / name).exists()
        assert os.listdir(place) == []

    asyncio.run(go())


@pytest.mark.parametrize("size", [10, 72, 5000])
def test_a_block_left_by_a_killed_process_is_taken_over(name: str, size: int) -> None:
    (BLOCKS / name).write_bytes(b"x" * size)

    async def work(depot: FramesDepot) -> None:
        assert (BLOCKS / name).stat().st_size == max(size, 72), "its memory is taken at the start"
        await depot.enqueue(numbered(7))
        assert depot.get_frame(7) is not None
        assert (BLOCKS / name).read_bytes()[:72] == frame(7).tobytes()
        assert (BLOCKS / name).stat().st_size == max(size, 72)

    run(name, work)


def test_a_program_that_forgets_to_close_leaves_nothing_and_no_warning(name: str, place: Path) -> None:
    source = "import sys; from rushes.compat.frames_depot import FramesDepot as D; d = D((6, 4, 3), sys.argv[1], 2)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source, name],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(place.iterdir()) == []


def test_a_name_in_other_use_is_refused(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        for other in (((6, 5, 3), 3), ((6, 4, 3), 4)):
            with pytest.raises(SegmentMismatch, match="choose another memory_name"):
                FramesDepot(other[0], name, other[1])
        await depot.enqueue(numbered(1))
        assert depot.get_frame(1) is not None

    run(name, work)
    with Depot.create(name, slots=3, slot_bytes=72), pytest.raises(SegmentMismatch):
        FramesDepot((6, 4, 3), name, 3)


def test_the_depots_name_is_the_cleaned_one(core: str) -> None:
    memory_name = f".frames {secrets.token_hex(4)} é{'x' * 100}"
    depot = FramesDepot((6, 4, 3), memory_name, 2)
    try:
        assert re.fullmatch(r"_frames_[0-9a-f]{8}__x+", depot.depot_name)
        with Depot.attach(depot.depot_name) as under:
            assert (under.slots, under.slot_bytes) == (2, 72)
    finally:
        asyncio.run(depot.close())
    assert not (BLOCKS / memory_name).exists()


def test_a_killed_creator_leaves_a_name_that_can_be_used_again(name: str) -> None:
    source = """
        depot = FramesDepot((3, 2, 1), sys.argv[1], 2)
        print("made", flush=True)
        time.sleep(600)
    """
    with script(READER + textwrap.dedent(source), name) as creator:
        assert creator.line() == "made"
        creator.kill()

    async def work(depot: FramesDepot) -> None:
        assert len(depot) == 0
        await depot.enqueue(numbered(1))
        assert depot.get_frame(1) is not None

    run(name, work)
