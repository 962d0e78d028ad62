"""Records into an archive in child processes that are killed, at a moment or at a step, and says what is left.

A process of its own, which has loaded everything once and forks: it has no threads when it does. One JSON document
on a line for each child; one that names a folder, a seed and a limit of bytes begins anew there.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rushes.archive import Archive, garbage, recovery
from rushes.archive.index import Index
from rushes.archive.rolling import Roll
from rushes.archive.segment import SegmentFile
from rushes.capture.testcard import TestCard
from rushes.frame import Frame
from rushes.interfaces import SourceInfo
from rushes.testing import read_card

GOP_S, STEP_S = 0.1, 0.004
GROUP = round(GOP_S / STEP_S)
_TOLD = struct.Struct("qq")

# What to kill at: the function, and whether before or after it did its work.
POINTS: dict[str, tuple[Any, str, str]] = {
    "row opened": (Index, "open_segment", "after"),
    "file made": (SegmentFile, "__init__", "after"),
    "fragment written": (SegmentFile, "_layout", "before"),
    "group told": (Index, "add_gop", "after"),
    "file ends": (SegmentFile, "finish", "before"),
    "file ended": (SegmentFile, "finish", "after"),
    "before the sync": (SegmentFile, "sync", "before"),
    "after the sync": (SegmentFile, "sync", "after"),
    "row closed": (Index, "close_segment", "after"),
    "row removed": (Index, "remove_segment", "after"),
    "file deleted": (garbage, "_unlink", "after"),
    "garbage forgotten": (Index, "forget_garbage", "after"),
    "cut off": (recovery, "_cut", "after"),
    "found again": (recovery, "_fresh", "after"),
}


class Film:
    """Pictures of now, each given when the one before is in the file's writer; tells the last number and moment."""

    info = SourceInfo(320, 180, 1 / STEP_S, "i420")

    def __init__(self, first: int, told: mmap.mmap) -> None:
        self.first, self.told = first, told
        self.roll: Roll | None = None

    def __iter__(self) -> Iterator[Frame]:
        card = TestCard(320, 180, 1 / STEP_S, "i420")
        for number in range(self.first, 1 << 40):
            while self.roll is None or self.roll.taken < number - self.first:
                time.sleep(0.0002)
            array, now = np.empty(card.shape, np.uint8), time.time_ns()
            card.draw(array, number, now)
            self.told[:] = _TOLD.pack(number, now)
            yield Frame(array, number, captured_ns=now, format="i420")
            time.sleep(STEP_S)


def kill_at(point: str, turn: int) -> None:
    """Has this process killed when it comes to that point for the ``turn``-th time."""
    owner, name, when = POINTS[point]
    work, left = getattr(owner, name), [turn]

    def deadly(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if when == "before" and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = work(*args, **kwargs)
        if when == "after" and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, deadly)


def life(folder: Path, first: int, told: mmap.mmap, limit: int | None, point: str, turn: int) -> None:
    """A child's: records until it is killed."""
    if point:
        kill_at(point, turn)
    film = Film(first, told)
    archive = Archive(folder, min_free_bytes=0, max_bytes=limit)
    recording = archive.record("cam", film, gop_s=GOP_S, segment_s=0.5)
    film.roll = recording._roll
    recording.wait(20)


def look(folder: Path, chance: random.Random) -> dict[str, Any]:
    """What an archive that is opened after a death holds."""
    with Archive(folder, min_free_bytes=0) as archive:
        samples = [
            sample
            for segment in archive._index.segments()
            for found in archive._index.segment_gops(segment.id)
            for sample in found.gop.samples
        ]
        wrong = 0
        for sample in chance.sample(samples, min(6, len(samples))):
            frame = archive.frame_at("cam", sample.t_ns / 1e9)
            card = read_card(frame.to("bgr24").array)
            wrong += card is None or frame.captured_ns != sample.t_ns
            wrong += card is not None and frame.number is not None and card[0] != frame.number
            wrong += card is not None and abs(card[1] - sample.t_ns // 1_000_000 % 2**32) > 1
        report, usage = archive.verify(), archive._index.usage()
        files = sum(path.stat().st_size for path in folder.rglob("*.mp4"))
        return {
            "pictures": len(samples),
            "last_ns": max((sample.t_ns for sample in samples), default=0),
            "wrong": wrong,
            "ok": report.ok,
            "trouble": [*report.damaged, *report.missing, *report.orphans],
            "open": sum(1 for _ in archive._index.segments(state="open")),
            "garbage": len(archive._index.garbage()),
            "as the index says": files == usage.bytes,
        }


def live(
    folder: Path, first: int, limit: int | None, order: dict[str, Any], chance: random.Random
) -> dict[str, Any]:
    """Has a child live and die, and says what it left; ``next`` is the number that the one after it begins with."""
    told = mmap.mmap(-1, _TOLD.size)
    told[:] = _TOLD.pack(first - 1, 0)
    pid = os.fork()
    if pid == 0:
        try:
            life(folder, first, told, limit, order.get("point", ""), order.get("turn", 1))
        finally:
            os._exit(1)
    if not order.get("point"):
        time.sleep(chance.uniform(0.15, 0.8))
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    number, last_ns = _TOLD.unpack(told[:])
    said = look(folder, chance) if order.get("look", True) else {}
    said["killed"] = os.WIFSIGNALED(status)
    said["offered"] = number - first + 1
    said["lost_s"] = (last_ns - said.get("last_ns", 0)) / 1e9 if last_ns else 0.0
    said["next"] = number + 1
    return said


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "folder" in order:
            folder, limit, first = Path(order["folder"]), order["limit"] or None, 0
            chance = random.Random(order["seed"])
            continue
        said = live(folder, first, limit, order, chance)
        first = said["next"]
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
