"""The index of an archive that is large: a lookup among a million groups of pictures, a month of many channels."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks._harness import Claim
from rushes.archive.database import Database
from rushes.archive.index import Index
from rushes.archive.packing import pack
from rushes.archive.records import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
START_NS = 1_700_000_000 * SECOND_NS
CHANNELS = 16
GROUPS = 60  # of one second in each segment
RATE = 25


def floor_lookup_claim(*, rows: int = 1_000_000, lookups: int = 5000, rounds: int = 5) -> Claim:
    """``rows`` groups of 25 pictures; each lookup takes the samples apart as well."""
    segments = max(1, round(rows / (CHANNELS * GROUPS)))
    with _index() as (db, index):
        _fill(db, segments, groups=GROUPS, pictures=RATE)
        end_ns = START_NS + segments * MINUTE_NS
        dice = random.Random(1)
        medians, slowest, first = [], [], []
        for _ in range(rounds):
            asked = [
                (_name(dice.randrange(CHANNELS)), dice.randrange(START_NS, end_ns)) for _ in range(lookups)
            ]
            first.append(statistics.median(_times(index, asked)))
            times = sorted(_times(index, asked))
            medians.append(statistics.median(times))
            slowest.append(times[len(times) * 99 // 100])
    return Claim(
        "floor_lookup",
        f"which pictures a moment lies among, out of {segments * CHANNELS * GROUPS:,} groups of them: median",
        "µs",
        [1e6 * each for each in medians],
        50.0,
        parts={"99 of 100": slowest, "median of moments never asked for before": first},
    )


def spans_claim(*, days: int = 30, rounds: int = 15) -> Claim:
    """A segment a minute, a pause of four seconds every half hour; all channels are asked one after another."""
    segments = days * 24 * 60
    with _index() as (db, index):
        _fill(db, segments, groups=1, pictures=60, pause_every=30)
        end_ns = START_NS + segments * MINUTE_NS
        names, times = index.channels(), []
        for _ in range(rounds):
            begin = time.perf_counter()
            found = [index.spans(name, START_NS, end_ns, 2 * SECOND_NS) for name in names]
            times.append(time.perf_counter() - begin)
    if any(len(spans) != segments // 30 for spans in found):
        raise RuntimeError("spans are missing")
    return Claim(
        "spans_month",
        f"spans of {days} days of {CHANNELS} channels, {segments:,} segments and {segments // 30:,} pauses each",
        "ms",
        [1e3 * each for each in times],
        20.0,
    )


def _times(index: Index, asked: list[tuple[str, int]]) -> list[float]:
    times = []
    for channel, t_ns in asked:
        begin = time.perf_counter()
        found = index.floor(channel, t_ns)
        times.append(time.perf_counter() - begin)
        if found is None or not 0 <= t_ns - found.gop.t_ns < SECOND_NS:
            raise RuntimeError("the wrong group of pictures")
    return times


@contextmanager
def _index() -> Iterator[tuple[Database, Index]]:
    with tempfile.TemporaryDirectory(prefix="archive-bench-") as folder:
        db = Database(folder)
        try:
            yield db, Index(db)
        finally:
            db.close()


def _name(number: int) -> str:
    return f"camera {number}"


def _fill(db: Database, segments: int, *, groups: int, pictures: int, pause_every: int = 0) -> None:
    """Rows as the index makes them, but in bulk: a minute in each segment, all channels at the same moments."""
    dice = random.Random(2)
    step_ns = MINUTE_NS // (groups * pictures)
    sizes = [dice.randrange(2000, 90_000) for _ in range(pictures)]
    with db.writing() as connection:
        connection.executemany(
            "INSERT INTO channel (id, name) VALUES (?, ?)", [(at, _name(at)) for at in range(CHANNELS)]
        )
        for turn in range(segments):
            start_ns = START_NS + turn * MINUTE_NS
            rows = []
            for group in range(groups):
                there = pictures - 3 if pause_every and turn % pause_every == pause_every - 1 else pictures
                t_ns = start_ns + group * pictures * step_ns
                moments = [t_ns + at * step_ns for at in range(there)]
                if there < pictures:
                    gap = (moments[-1], start_ns + MINUTE_NS)
                    connection.executemany(
                        "INSERT INTO gap VALUES (?, ?, ?)", [(at, *gap) for at in range(CHANNELS)]
                    )
                made = pack([Sample(at, turn, size, size) for at, size in zip(moments, sizes, strict=False)])
                rows.append((t_ns, group * 1_000_000, moments[-1], made))
            ids = [turn * CHANNELS + at for at in range(CHANNELS)]
            connection.executemany(
                "INSERT INTO segment (id, channel_id, start_ns, first_ns, end_ns, path, bytes, codec, width, height,"
                " fps, state) VALUES (?, ?, ?, ?, ?, ?, 60000000, 'h264', 1920, 1080, 25, 'closed')",
                [
                    (id, at, start_ns, start_ns, rows[-1][2], f"segments/{id}.mp4")
                    for at, id in enumerate(ids)
                ],
            )
            connection.executemany(
                "INSERT INTO gop (channel_id, segment_id, t_ns, offset, end_ns, samples) VALUES (?, ?, ?, ?, ?, ?)",
                [(at, id, *row) for row in rows for at, id in enumerate(ids)],
            )
