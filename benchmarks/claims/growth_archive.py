"""A longer archive of one channel: what its index takes, and what questions to it cost."""

from __future__ import annotations

import contextlib
import random
import statistics
import struct
import time
import zlib
from typing import TYPE_CHECKING

from benchmarks._growth_curve import Curve, Series
from benchmarks.claims.archive_index import GROUPS, MINUTE_NS, RATE, SECOND_NS, START_NS, _index
from rushes.archive.archive import Archive
from rushes.archive.packing import pack
from rushes.archive.records import Gop, Sample
from rushes.archive.strip import _part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks._harness import Claim
    from rushes.archive.database import Database
    from rushes.archive.index import Index

CHANNEL = "camera"
DAY_NS = 86_400 * SECOND_NS
MOST_REAL_DAYS = 31
COARSE_S = 10
"""Seconds from one group of pictures to the next in an archive that is longer than that."""
PARTS = 120
_INSERTS = 200
_REPEATS = 5
_DAY_MINUTES = 24 * 60
_MOMENT, _MOMENT_AT, _SUM = struct.Struct("<q"), 9, struct.Struct("<I")
_SEGMENT = (
    "INSERT INTO segment (id, channel_id, start_ns, first_ns, end_ns, path, bytes, codec, width, height, fps, state)"
    " VALUES (?, 1, ?, ?, ?, ?, 60000000, 'h264', 1920, 1080, 25, 'closed')"
)
_GROUP = "INSERT INTO gop (channel_id, segment_id, t_ns, offset, end_ns, samples) VALUES (1, ?, ?, ?, ?, ?)"


def measure(days: Sequence[float], rounds: int, *, asked: int) -> tuple[Curve, list[Claim]]:
    """Indexes without recordings: a row a second for each group of pictures, as a camera makes them."""
    curve = _curve(days)
    with contextlib.ExitStack() as all_of_them:
        made = {each: all_of_them.enter_context(_index()) for each in days}
        for each, (db, _) in made.items():
            began = time.perf_counter()
            groups = fill(db, each, _step_s(each))
            took_s = time.perf_counter() - began
            size = _size(db)
            curve.at(each, {"rows": groups, "size": size / (1 << 20), "made": took_s})
            curve.at(each, {"row": size / groups, "day": size / groups * DAY_NS / SECOND_NS / (1 << 20)})
        # In turn, not one archive after another: a machine that is slower for a minute is so for all of them.
        for turn in range(rounds):
            for each, (db, index) in made.items():
                curve.at(each, questions(db, index, each, _step_s(each), asked, turn))
    curve.facts |= {"row_bytes": curve.series["row"].median(max(days)), "groups_s": 1.0}
    return curve, [
        curve.claim("lookup", "the group of a moment in the longest archive: in the shortest", 1.5),
        curve.claim("spans", "spans of a day of the longest archive: of the shortest", 1.5),
        curve.claim("opening", "opening the longest archive: the shortest", 1.5),
        curve.claim(
            "thumbs", "finding the key frames of a timeline in the longest archive: in the shortest", 1.5
        ),
        curve.claim("insert", "a group more in the longest archive: in the shortest", 1.5),
        curve.claim("row", "bytes of the index for a group, the longest archive: the shortest", 1.1),
    ]


def _step_s(days: float) -> int:
    return 1 if days <= MOST_REAL_DAYS else COARSE_S


def fill(db: Database, days: float, step_s: int) -> int:
    """A minute in each segment and a group of pictures every ``step_s`` seconds; how many groups there are."""
    minutes = max(1, round(days * 24 * 60))
    dice = random.Random(2)
    sizes = [dice.randrange(2000, 90_000) for _ in range(RATE)]
    _check_moved(sizes)
    with db.writing() as connection:
        connection.execute("INSERT INTO channel (id, name) VALUES (1, ?)", (CHANNEL,))
    for begin in range(0, minutes, _DAY_MINUTES):
        day = range(begin, min(begin + _DAY_MINUTES, minutes))
        # A transaction for each day: what is not yet written back may not be most of what is then asked.
        with db.writing() as connection:
            connection.executemany(_SEGMENT, map(_segment, day))
            connection.executemany(_GROUP, _groups(day, step_s, sizes))
    return minutes * (GROUPS // step_s)


def questions(
    db: Database, index: Index, days: float, step_s: int, asked: int, turn: int
) -> dict[str, float]:
    """Microseconds or milliseconds, as the curve says."""
    dice = random.Random(turn)
    minutes = max(1, round(days * 24 * 60))
    end_ns = START_NS + minutes * MINUTE_NS
    moments = [dice.randrange(START_NS, end_ns) for _ in range(asked)]
    lookups = statistics.median(_lookup(index, at, step_s) for at in moments)
    # The middle of the archive: neither end is what a tree has nearest at hand.
    middle = START_NS + minutes // 2 * MINUTE_NS
    first, last = max(START_NS, middle - DAY_NS // 2), min(end_ns, middle + DAY_NS // 2)
    spans = _timed(lambda: index.spans(CHANNEL, first, last, (COARSE_S + 2) * SECOND_NS))
    thumbs = _timed(lambda: [_part(index, CHANNEL, first, last, PARTS, part) for part in range(PARTS)])
    return {
        "lookup": 1e6 * lookups,
        "spans": 1e3 * spans,
        "thumbs": 1e3 * thumbs,
        "opening": 1e3 * _opening(db),
        "insert": 1e6 * _inserts(index, end_ns + turn * 60 * MINUTE_NS, step_s),
    }


def _lookup(index: Index, t_ns: int, step_s: int) -> float:
    begin = time.perf_counter()
    found = index.floor(CHANNEL, t_ns)
    took = time.perf_counter() - begin
    if found is None or not 0 <= t_ns - found.gop.t_ns < step_s * SECOND_NS:
        raise RuntimeError("the wrong group of pictures")
    return took


def _segment(minute: int) -> tuple[object, ...]:
    start_ns = START_NS + minute * MINUTE_NS
    return (
        minute + 1,
        start_ns,
        start_ns,
        start_ns + MINUTE_NS - SECOND_NS // RATE,
        f"segments/{minute}.mp4",
    )


def _groups(minutes: Sequence[int], step_s: int, sizes: Sequence[int]) -> Iterator[tuple[object, ...]]:
    step_ns, between_ns = step_s * SECOND_NS, step_s * SECOND_NS // RATE
    packed = pack(_samples(START_NS, between_ns, sizes))
    for minute in minutes:
        for group in range(GROUPS // step_s):
            t_ns = START_NS + minute * MINUTE_NS + group * step_ns
            made = _moved(packed, t_ns)
            yield (minute + 1, t_ns, group * 1_000_000, t_ns + (RATE - 1) * between_ns, made)


def _samples(t_ns: int, between_ns: int, sizes: Sequence[int]) -> list[Sample]:
    return [Sample(t_ns + at * between_ns, at, size, size) for at, size in enumerate(sizes)]


def _moved(packed: bytes, t_ns: int) -> bytes:
    """The same group at another moment. Packing each of some millions anew would take most of the run."""
    body = bytearray(packed[:-4])
    _MOMENT.pack_into(body, _MOMENT_AT, t_ns)
    return bytes(body) + _SUM.pack(zlib.crc32(body))


def _check_moved(sizes: Sequence[int]) -> None:
    """That form is the archive's own business: fails when it has changed."""
    before, after = pack(_samples(START_NS, 1, sizes)), pack(_samples(START_NS + SECOND_NS, 1, sizes))
    if _moved(before, START_NS + SECOND_NS) != after:
        raise RuntimeError("groups of pictures are packed in another way now: mend _moved")


def _size(db: Database) -> int:
    """Bytes of the index, what still lies in its log included."""
    with db.reading() as connection:
        (pages,), (each,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
    return int(pages * each)


def _opening(db: Database) -> float:
    """Opened to be read, beside the one that writes; closed again, which is not timed."""
    took = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        archive = Archive(db.path.parent, mode="r")
        took.append(time.perf_counter() - begin)
        archive.close()
    return statistics.median(took)


def _inserts(index: Index, from_ns: int, step_s: int) -> float:
    """As the recorder tells the index of a group of pictures; seconds of one."""
    segment = index.open_segment(CHANNEL, from_ns, "h264", 1920, 1080, float(RATE))
    took = []
    for turn in range(_INSERTS):
        t_ns = from_ns + turn * SECOND_NS
        samples = tuple(_samples(t_ns, SECOND_NS // RATE, [1000] * RATE))
        gop = Gop(turn * 1_000_000, samples)
        begin = time.perf_counter()
        index.add_gop(segment, gop, bytes=turn * 1_000_000)
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _timed(work: Callable[[], object]) -> float:
    """Median of some turns: each is over in milliseconds."""
    took = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        work()
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _curve(days: Sequence[float]) -> Curve:
    names = {1: "a day", 7: "a week", 30: "a month", 365: "a year"}
    coarse = max(days) > MOST_REAL_DAYS
    return Curve(
        "archive",
        f"The index of one channel's archive: a group of {RATE} pictures every second, no recordings",
        "days",
        {
            "rows": Series("groups of pictures", "rows"),
            "size": Series("the index", "MiB"),
            "row": Series("of it for each group", "bytes"),
            "day": Series("of it for each day, with a group a second", "MiB"),
            "made": Series("making it, for this", "s"),
            "lookup": Series("which group a moment lies in, median", "µs"),
            "spans": Series("spans of a day in its middle", "ms"),
            "thumbs": Series(f"finding the key frames of {PARTS} parts of that day", "ms"),
            "opening": Series("opening it, to be read", "ms"),
            "insert": Series("a group more, as the recorder adds it", "µs"),
        },
        labels={each: names.get(int(each), f"{each:g} days") for each in days if each >= 1},
        notes=(
            f"Longer than {MOST_REAL_DAYS} days: a group every {COARSE_S} seconds, because a row a second takes too"
            " long to make; of these the bytes of a day are those of its rows at one a second.",
        )
        if coarse
        else (),
    )
