"""What an archive costs as a whole: recording, export, and opening a large one after a crash."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from benchmarks._harness import Claim, ratios, take_turns
from benchmarks.claims.archive_index import CHANNELS, MINUTE_NS, _fill
from benchmarks.peers.archived import FPS, START_NS, Pan
from rushes import Recorder
from rushes.archive import Archive
from rushes.archive.database import Database
from rushes.archive.index import Index

_OPEN_PICTURES = 2 * FPS


def record(folder: Path, source: Pan, *, segment_s: float = 3600.0) -> None:
    """All of it, as "camera"."""
    with Archive(folder, min_free_bytes=0) as archive:
        recording = archive.record("camera", source, segment_s=segment_s, memory_bytes=1 << 30)
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
    """Processor time for the same pictures, which are made anew for each, so that making them counts twice."""
    times = take_turns(
        {
            "archive": lambda: _cpu_s(lambda folder: record(folder, Pan(pictures, width, height))) / pictures,
            "one MP4": lambda: (
                _cpu_s(lambda folder: _to_mp4(folder, Pan(pictures, width, height))) / pictures
            ),
        },
        rounds,
    )
    title = "processor time per recorded picture: a recorder to one MP4"
    return Claim("cost", title, "×", ratios(times["archive"], times["one MP4"]), parts=dict(times))


def reopen_claim(segments: int, *, rounds: int) -> Claim:
    """A crash leaves one open file of each channel."""
    values = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            _crashed(Path(folder), segments)
            begin = time.perf_counter()
            with Archive(folder, min_free_bytes=0) as archive:
                values.append(time.perf_counter() - begin)
                recovered = archive.recovered
            if recovered is None or recovered.segments != CHANNELS:
                raise RuntimeError(f"not what a crash leaves: {recovered}")
    title = f"opening an archive of {segments:,} segments after a crash, {CHANNELS} of them open"
    return Claim("reopen", title, "s", values, 2.0)


def _crashed(folder: Path, segments: int) -> None:
    database = Database(folder)
    _fill(database, segments // CHANNELS, groups=1, pictures=60)
    database.close()
    with (
        patch.object(Index, "close_segment", lambda *args, **options: None),
        Archive(folder, min_free_bytes=0) as archive,
    ):
        after_ns = START_NS + (segments // CHANNELS + 1) * MINUTE_NS
        sources = [Pan(_OPEN_PICTURES, 640, 360, after_ns) for _ in range(CHANNELS)]
        recordings = [archive.record(f"camera {at}", source) for at, source in enumerate(sources)]
        for each in recordings:
            each.wait()


def _to_mp4(folder: Path, source: Pan) -> None:
    recorder = Recorder(source, folder / "one.mp4", every_s=1 / FPS, memory_bytes=1 << 30)
    recorder.start()
    recorder.wait()


def _cpu_s(work: object) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begin = _used_s()
        work(Path(folder))  # type: ignore[operator]
        return _used_s() - begin


def _used_s() -> float:
    times = os.times()
    return times.user + times.system
