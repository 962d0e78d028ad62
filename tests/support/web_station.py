"""A station for tests of what looks at one: its board, depots and archive without any process of its own."""

from __future__ import annotations

import time
from dataclasses import replace as _replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rushes import Box, Depot, Frame
from rushes.archive import Archive
from rushes.station.board import Board, BoardWriter, ChannelState, EdgeState, StageState

SIZE = (64, 96)


class WebStation:
    """``put()`` adds a frame to the channel "cam", ``record()`` an archive, ``show()`` changes the board."""

    def __init__(self, name: str) -> None:
        self.name = name
        height, width = SIZE
        self.depot = Depot.create(f"{name}-cam", slots=8, shape=(height * 3 // 2, width))
        self.figures = Depot.create(f"{name}-cam-figures", slots=4, slot_bytes=1 << 12)
        self.writer = BoardWriter(name)
        self.board = Board(
            station=name,
            pid=1,
            started_ns=time.time_ns(),
            now_ns=time.time_ns(),
            channels=(
                ChannelState(
                    name="cam",
                    source="testcard:96x64@30",
                    state="live",
                    fps=29.9,
                    fps_target=30,
                    width=width,
                    height=height,
                    depot=self.depot.name,
                    figures=self.figures.name,
                    slots=8,
                    slot_bytes=self.depot.slot_bytes,
                    age_p50_s=0.004,
                ),
            ),
            stages=(StageState(name="cam", kind="source", channel="cam", pid=7),),
            edges=(
                EdgeState(
                    name="cam > reader",
                    source="cam",
                    target="reader",
                    channel="cam",
                    offered=100,
                    delivered=97,
                    dropped={"late": 2},
                    waiting=1,
                    allowed=("late",),
                ),
            ),
            memory_bytes=171 << 20,
            memory_budget=512 << 20,
            processes_bytes=360 << 20,
        )
        self.show()

    def __enter__(self) -> WebStation:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        for depot in (self.depot, self.figures):
            if not depot.closed:
                depot.unlink()
                depot.close()

    def show(self, **changes: Any) -> None:
        """The board with these changes, as of now."""
        self.board = msgspec.structs.replace(self.board, **{"now_ns": time.time_ns(), **changes})
        self.writer.show(self.board)

    def channel(self, **changes: Any) -> None:
        """The board with its channel changed."""
        self.show(channels=(msgspec.structs.replace(self.board.channels[0], **changes),))

    def put(self, number: int, *, age_s: float = 0.0, luma: int = 128) -> Frame:
        """A grey frame."""
        frame = grey(number, time.time_ns() - round(age_s * 1e9), luma)
        self.depot.put(frame)
        return frame

    def mark(self, frame: Frame) -> None:
        """A box that somebody found in that frame."""
        small = Frame(np.zeros((1, 1), np.uint8), frame.number, captured_ns=frame.captured_ns, format="gray8")
        self.figures.put(_replace(small, figures=(Box(0.25, 0.25, 0.5, 0.5, color="#ff0000"),)))

    def record(self, root: Path, *, start_s: float, count: int = 60, fps: float = 10.0) -> None:
        """``count`` frames from ``start_s`` on in an archive that the board then names."""
        with Archive(root, min_free_bytes=0) as archive:
            source = Shown([grey(n, round((start_s + n / fps) * 1e9), 40 + n % 150) for n in range(count)])
            recording = archive.record("cam", source)
            recording.wait(20)
            recording.close()
        self.show(archive=str(root))


class Shown:
    """A source that shows these frames and ends."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames
        from rushes.interfaces import SourceInfo

        self.info = SourceInfo(width=SIZE[1], height=SIZE[0], fps=10.0, format="i420")

    def __iter__(self) -> Any:
        return iter(self._frames)

    def close(self) -> None:
        """Nothing is held."""


def grey(number: int, captured_ns: int, luma: int) -> Frame:
    """All pixels alike."""
    height, width = SIZE
    array = np.full((height * 3 // 2, width), 128, np.uint8)
    array[:height] = luma
    return Frame(array, number, captured_ns=captured_ns, format="i420", channel="cam")
