"""What a frame costs on this machine, measured with the package alone in some seconds."""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import rushes
from rushes.capture.testcard import TestCard
from rushes.codecs import jpeg
from rushes.depot import Depot, segment
from rushes.errors import MissingExtra, SourceError
from rushes.limits import available_ram_bytes, available_shm_bytes
from rushes.station.capacity import Costs, Machine
from rushes.station.waking import LAST

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.codecs.colour import Pixels
    from rushes.station.capacity import Camera

__all__ = ["Effort", "measure", "measure_machine"]

_PICTURES = 12
_NOISE = 9
_RATE = 60.0
_QUALITY = 80
_BLOCK = 4 << 20
_PATIENCE_S = 30.0
# In a fresh interpreter, as a channel's processes are. Nothing of the folder one happens to be in is imported.
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from rushes.station.waking import main; main(sys.argv[2])"
)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each thing is measured, and how much is written to the disk at the most."""

    each_s: float = 2.0
    disk_bytes: int = 256 << 20


def measure(camera: Camera, effort: Effort, say: Callable[[str], object]) -> Costs:
    """What each frame of such a camera costs; ``say`` is told what is being measured, before each.

    Pictures are those of a test card with noise, since cameras have some. Raises DepotError when there is no shared
    memory for the depot, SourceError when the other process did not answer.
    """
    pictures = _pictures(camera)
    say("a frame to another process")
    put_s, seen = _shared(pictures, effort.each_s)
    say("coding as JPEG")
    jpeg_s, jpeg_bytes = _jpeg(pictures, effort.each_s)
    say("coding as H.264")
    video = _video(camera, pictures, effort.each_s)
    return Costs(
        put_s=put_s,
        read_s=seen["cpu_s"] / max(1, len(seen["wakes_ns"])),
        wake_s=statistics.median(seen["wakes_ns"]) / 1e9 if seen["wakes_ns"] else 0.0,
        process_bytes=seen["bytes"],
        jpeg_s=jpeg_s,
        jpeg_bytes=jpeg_bytes,
        video_s=None if video is None else video[0],
        video_bytes=None if video is None else video[1],
    )


def measure_machine(data: Path, effort: Effort, say: Callable[[str], object]) -> Machine:
    """What there is, with how fast the disk of the folder ``data`` takes what is written, or that of the nearest folder
    above it that there is. What is written there is deleted. OSError when nothing can be written.
    """
    say("writing to the disk")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=available_ram_bytes(),
        shm_bytes=available_shm_bytes(segment.folder()),
        disk_bytes_s=_disk(data, effort),
    )


def _pictures(camera: Camera) -> list[Pixels]:
    """Some that move; more would not fit into what a coder's own memory is measured beside."""
    card = TestCard(camera.width, camera.height, camera.fps, "i420")
    dice = np.random.default_rng(1)
    made = []
    for number in range(_PICTURES):
        array = np.empty(card.shape, np.uint8)
        card.draw(array, number, 0)
        luma = array[: camera.height]
        grain = dice.integers(0, _NOISE, luma.shape, np.uint8)
        np.minimum(luma, 255 - grain, out=luma)
        luma += grain
        made.append(array)
    return made


def _shared(pictures: list[Pixels], seconds: float) -> tuple[float, dict[str, Any]]:
    """Processor time of a put, and what the process that reads has seen."""
    name = f"bench-{secrets.token_hex(4)}"
    with contextlib.ExitStack() as held:
        depot = held.enter_context(Depot.create(name, slots=4, shape=pictures[0].shape))
        # Readers notice the death of a process that has written, and of no other.
        depot.put(pictures[0], LAST)
        reader = held.enter_context(_reader(name))
        spent_s, puts = 0.0, 0
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            began_s = time.thread_time()
            depot.put(pictures[puts % len(pictures)], puts)
            spent_s += time.thread_time() - began_s
            puts += 1
            time.sleep(1 / _RATE)
        depot.put(pictures[0], LAST)
        try:
            told, _ = reader.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise SourceError("the process that reads the measured depot hangs") from error
    try:
        return spent_s / max(1, puts), dict(json.loads(told))
    except ValueError as error:
        raise SourceError("the process that reads the measured depot ended by itself") from error


@contextlib.contextmanager
def _reader(depot: str) -> Any:
    home = str(Path(rushes.__file__).parents[1])
    line = [sys.executable, "-P", "-c", _BOOT, home, depot]
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as child:
        try:
            if child.stdout is None or not child.stdout.readline():
                raise SourceError("the process that is to read the measured depot did not start")
            yield child
        finally:
            child.kill()


def _jpeg(pictures: list[Pixels], seconds: float) -> tuple[float, float]:
    """Processor time and bytes of a picture."""
    sizes: list[int] = []
    until_s, began_s = time.monotonic() + seconds, time.process_time()
    while not sizes or time.monotonic() < until_s:
        sizes.append(len(jpeg.encode(pictures[len(sizes) % len(pictures)], "i420", _QUALITY)))
    return (time.process_time() - began_s) / len(sizes), statistics.fmean(sizes)


def _video(camera: Camera, pictures: list[Pixels], seconds: float) -> tuple[float, float] | None:
    """The same of a picture of H.264, coded as the recorder does; None without the extra "video"."""
    try:
        from rushes.codecs.video.writer import VideoWriter
    except MissingExtra:
        return None
    out = io.BytesIO()
    count = 0
    until_s, began_s = time.monotonic() + seconds, time.process_time()
    with VideoWriter(out, camera.width, camera.height, fps=camera.fps, quality=_QUALITY) as writer:
        while not count or time.monotonic() < until_s:
            writer.write(pictures[count % len(pictures)], round(count * 1e9 / camera.fps))
            count += 1
    return (time.process_time() - began_s) / count, out.tell() / count


def _disk(data: Path, effort: Effort) -> float:
    """Bytes a second that are on the disk, not in memory that stands for it."""
    place = next(each for each in (data.absolute(), *data.absolute().parents) if each.is_dir())
    room = os.statvfs(place)
    most = min(effort.disk_bytes, room.f_bavail * room.f_frsize // 10)
    block = np.random.default_rng(1).bytes(_BLOCK)  # which no file system makes smaller
    written = 0
    with tempfile.TemporaryFile(dir=place, buffering=0) as file:
        began_s = time.monotonic()
        while written < _BLOCK or (written < most and time.monotonic() < began_s + effort.each_s):
            written += file.write(block)
            os.fsync(file.fileno())
        return written / (time.monotonic() - began_s)
