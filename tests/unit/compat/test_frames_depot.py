"""FramesDepot: what its document says, and what its original broke."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes import ClosedError, ConfigError, FrameError
from rushes.compat.frames_depot import FramesDepot
from tests.support.frames_door import block_name, frame, numbered, run  # noqa: F401  one is a fixture

ROOT = Path(__file__).parents[3]


def test_frames_come_back_by_number_and_make_room(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        for k in range(3):
            assert await depot.enqueue(numbered(k))
        assert depot.queue_is_full
        assert not await depot.enqueue(numbered(3))
        assert depot.dropped_frames == 1
        got = depot.get_frame(1)
        assert got is not None
        assert (got == 1).all()
        assert not depot.queue_is_full
        assert depot.get_frame(0) is None, "it made room with the later one"
        assert depot.get_frame(1) is None
        assert depot.get_frame(77) is None
        assert await depot.enqueue(numbered(3))
        assert await depot.enqueue(numbered(4))
        assert not await depot.enqueue(numbered(5)), "frame 2 was not fetched and must not be lost"
        assert depot.get_frame(2) is not None

    run(name, work)


def test_the_callers_array_is_copied_and_the_answer_is_the_callers(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        buffer = frame(1)
        await depot.enqueue({"frame_number": 1, "frame": buffer})
        buffer[:] = 9
        got = depot.get_frame(1)
        assert got is not None
        assert (got == 1).all()
        got[:] = 5

    run(name, work)


def test_both_orders_of_sides_are_taken_and_others_refused_at_once(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        await depot.enqueue({"frame_number": 1, "frame": frame(1, (4, 6, 3))})
        await depot.enqueue({"frame_number": 2, "frame": frame(2, (6, 4, 3))})
        for bad in (
            frame(3, (4, 6)),
            frame(3, (6, 3, 4)),
            frame(3, (8, 6, 3)),
            frame(3).astype(np.float32),
            frame(3).astype(np.int8),
            frame(3).astype(bool),
            frame(3).tolist(),
        ):
            with pytest.raises(FrameError):
                await depot.enqueue({"frame_number": 3, "frame": bad})
        for worse in ({}, {"frame_number": 1}, {"frame": frame(1)}):
            with pytest.raises(ConfigError, match="missing"):
                await depot.enqueue(worse)
        assert depot.get_frame(2) is not None

    run(name, work)


def test_the_same_number_twice_gives_the_newest(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        await depot.enqueue({"frame_number": 4, "frame": frame(1)})
        await depot.enqueue({"frame_number": 4, "frame": frame(2)})
        got = depot.get_frame(4)
        assert got is not None
        assert (got == 2).all()

    run(name, work)


@pytest.mark.parametrize("kind", ["plain", "async", "raising"])
def test_the_callback_is_called_once_for_each_refused_frame(name: str, kind: str) -> None:
    called: list[int] = []

    def plain() -> None:
        called.append(1)
        if kind == "raising":
            raise ZeroDivisionError

    async def later() -> None:
        await asyncio.sleep(0)
        called.append(1)

    async def work(depot: FramesDepot) -> None:
        await depot.enqueue(numbered(0))
        assert called == []
        for k in range(1, 3):
            if kind == "raising":
                with pytest.raises(ZeroDivisionError):
                    await depot.enqueue(numbered(k))
            else:
                await depot.enqueue(numbered(k))
        assert len(called) == depot.dropped_frames == 2

    run(name, work, 1, later if kind == "async" else plain)


def test_clear_and_close_end_cleanly(name: str) -> None:
    async def go() -> None:
        depot = FramesDepot((6, 4, 3), name, 3)
        for k in range(3):
            await depot.enqueue(numbered(k))
        depot.get_frame(0)
        await depot.clear_queue()
        assert [depot.get_frame(k) for k in range(3)] == [None] * 3
        assert len(depot) == 0
        for k in range(3, 6):
            assert not depot.queue_is_full
            assert await depot.enqueue(numbered(k))
        assert depot.queue_is_full
        assert depot.get_frame(4) is not None
        assert len(depot) == 1
        await depot.close()
        await depot.close()
        for use in (depot.clear_queue, lambda: depot.enqueue(numbered(1))):
            with pytest.raises(ClosedError, match=f"FramesDepot '{name}' is closed"):
                await use()
        with pytest.raises(ClosedError):
            depot.get_frame(1)
        with pytest.raises(ClosedError):
            depot.queue_is_full  # noqa: B018

    asyncio.run(go())


@pytest.mark.parametrize(
    "bad",
    [
        {"memory_name": ""},
        {"memory_name": "a/b"},
        {"memory_name": ".."},
        {"memory_name": 5},
        {"frame_size": (6, 4)},
        {"frame_size": (6, 0, 3)},
        {"frame_size": "abc"},
        {"max_size": 0},
        {"max_size": 2.5},
        {"backpressure_callback": "print"},
    ],
    ids=str,
)
def test_arguments_that_cannot_be_used_are_refused(name: str, bad: dict[str, Any]) -> None:
    given: dict[str, Any] = {"frame_size": (6, 4, 3), "memory_name": name, "max_size": 2}
    with pytest.raises(ConfigError):
        FramesDepot(**given | bad)


def test_numbers_that_are_none_are_told(name: str) -> None:
    async def work(depot: FramesDepot) -> None:
        for number in (-1, 2**64, 1.5, "1", None):
            with pytest.raises(FrameError):
                await depot.enqueue({"frame_number": number, "frame": frame(1)})
        await depot.enqueue({"frame_number": np.int64(3), "frame": frame(3)})
        assert depot.get_frame(-1) is None
        assert depot.get_frame(2**64) is None
        with pytest.raises(FrameError):
            depot.get_frame("3")  # type: ignore[arg-type]
        assert depot.get_frame(3) is not None
        assert depot.dropped_frames == 0

    run(name, work)


def test_the_documents_program_runs_after_its_import_was_changed(core: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / "frames_depot_door.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    assert "full: True refused: 2" in done.stdout
    assert "frame 5 shows 5.0 full: False" in done.stdout
