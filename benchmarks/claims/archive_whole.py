"""What an archive costs as a whole: recording, export, and opening a large one after a crash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._harness import Claim, ratios, take_turns
from benchmarks.claims.archive_index import CHANNELS, MINUTE_NS, _fill
from benchmarks.peers.archived import FPS, START_NS, Pan, Reel
from rushes import Recorder
from rushes.archive import Archive
from rushes.archive.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(__file__).resolve().parents[1] / "peers" / "archive_crash.py"
_PICTURES_MADE = 2 * FPS


def record(folder: Path, source: Pan, *, segment_s: float = 3600.0) -> None:
    """All of it, as "camera"."""
    with Archive(folder, min_free_bytes=0) as archive:
        recording = archive.record("camera", source, segment_s=segment_s, memory_bytes=1 << 30)
        source.waiting = lambda: recording.stats().waiting
        recording.wait()
        stats = recording.stats()
    if stats.written != source.count:
        raise RuntimeError(f"not all was recorded: {stats}")


def export_claim(archive: Archive, seconds: float, *, rounds: int) -> Claim:
    values = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            begin = time.perf_counter()
            out = Path(folder, f"{turn}.mp4")
            made = archive.export("camera", START_NS / 1e9, START_NS / 1e9 + seconds, out)
            values.append(seconds / (time.perf_counter() - begin))
            if not made.copied:
                raise RuntimeError("it was encoded anew")
    title = f"export of {seconds:g} s of 1080p to MP4: so many times as fast as it is played"
    return Claim("export", title, "×", values, 20.0, at_least=True)


def cost_claim(width: int, height: int, pictures: int, *, rounds: int) -> Claim:
    """Processor time for the same pictures, which are there before it begins."""
    pan = Pan(min(_PICTURES_MADE, pictures), width, height)
    frames = list(pan)
    times = take_turns(
        {
            "archive": lambda: (
                _cpu_s(lambda folder: record(folder, Reel(frames, pan.info, pictures))) / pictures
            ),
            "one MP4": lambda: (
                _cpu_s(lambda folder: _to_mp4(folder, Reel(frames, pan.info, pictures))) / pictures
            ),
        },
        rounds,
    )
    title = "processor time per recorded picture: a recorder to one MP4"
    return Claim("cost", title, "×", ratios(times["archive"], times["one MP4"]), parts=dict(times))


def reopen_claim(segments: int, film: Path, pictures: int, *, rounds: int) -> Claim:
    """A crash leaves one open file of each channel, with so many ``pictures`` of the film in it."""
    values = []
    with tempfile.TemporaryDirectory(prefix="archive-bench-") as made:
        crashed = Path(made, "crashed")
        _crash(crashed, segments, film, pictures)
        for turn in range(rounds):
            folder = Path(made, str(turn))
            shutil.copytree(crashed, folder)
            begin = time.perf_counter()
            with Archive(folder, min_free_bytes=0) as archive:
                values.append(time.perf_counter() - begin)
                recovered = archive.recovered
            if recovered is None or recovered.segments != CHANNELS or recovered.removed:
                raise RuntimeError(f"not what a crash leaves: {recovered}")
            shutil.rmtree(folder)
    held = f"{CHANNELS} of them open with {pictures / FPS:g} s each"
    return Claim(
        "reopen", f"opening an archive of {segments:,} segments after a kill, {held}", "s", values, 2.0
    )


def _crash(folder: Path, segments: int, film: Path, pictures: int) -> None:
    """Closed segments are rows alone: their files are none of the opening's business."""
    folder.mkdir()
    database = Database(folder)
    _fill(database, segments // CHANNELS, groups=1, pictures=60)
    database.close()
    after_ns = START_NS + (segments // CHANNELS + 1) * MINUTE_NS
    line = [sys.executable, "-P", str(PROGRAM), str(folder), str(film)]
    line += [str(number) for number in (CHANNELS, after_ns, pictures)]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as program:
        try:
            if program.stdout is None or not program.stdout.readline():
                raise RuntimeError("the program to be killed ended by itself")
        finally:
            program.kill()


def _to_mp4(folder: Path, source: Pan) -> None:
    recorder = Recorder(source, folder / "one.mp4", every_s=1 / FPS, memory_bytes=1 << 30)
    recorder.start()
    summary = recorder.wait()
    if summary is None or summary.written != source.count:
        raise RuntimeError(f"not all was recorded: {summary}")


def _cpu_s(work: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begin = _used_s()
        work(Path(folder))
        return _used_s() - begin


def _used_s() -> float:
    times = os.times()
    return times.user + times.system
