"""Which group of pictures a moment lies in, among those that count.

A channel's clock may be set back while it records. The pictures then made hide those that older segments have of
the same moments: the table ``overlap`` says from when to when. A group of pictures counts when its first moment is
not hidden, and up to the moment where something newer takes its place; so those that count never lie one in
another, and each question is one step along the key (channel, t_ns), as long as it meets nothing hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.archive.packing import unpack
from rushes.archive.records import GAP_NS
from rushes.archive.rows import GOP, LATEST, SEGMENT, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.archive.database import Connection
    from rushes.archive.records import Found

__all__ = ["Position", "after", "before", "floor", "groups", "page", "runs"]

Position = tuple[int, int, int]
"""Where a group of pictures lies in time: t_ns, segment, offset."""

_PAGE_ROWS = 64

_HIDING = "o.channel_id = g.channel_id AND o.segment_id > g.segment_id"
_HIDDEN = f"EXISTS (SELECT 1 FROM overlap o WHERE {_HIDING} AND g.t_ns BETWEEN o.start_ns AND o.end_ns)"
_CUT = f"(SELECT min(o.start_ns) FROM overlap o WHERE {_HIDING} AND o.start_ns > g.t_ns)"
_FROM = "FROM channel c JOIN gop g ON g.channel_id = c.id JOIN segment s ON s.id = g.segment_id"
_COLUMNS = f"{GOP}, {_CUT}, {SEGMENT}"
_DOWN = "ORDER BY g.t_ns DESC, g.segment_id DESC, g.offset DESC"
_UP = "ORDER BY g.t_ns, g.segment_id, g.offset"

_FLOOR = f"SELECT {_HIDDEN}, {_COLUMNS} {_FROM} WHERE c.name = ? AND g.t_ns <= ? {_DOWN} LIMIT 1"
_NEXT = f"SELECT {_HIDDEN}, {_COLUMNS} {_FROM} WHERE c.name = ? AND g.t_ns > ? {_UP} LIMIT 1"
_PAGE = (
    f"SELECT g.t_ns, g.segment_id, g.offset, {_COLUMNS} {_FROM} WHERE c.name = ?"
    f" AND (g.t_ns, g.segment_id, g.offset) > (?, ?, ?) AND g.t_ns <= ? AND NOT {_HIDDEN} {_UP} LIMIT ?"
)

# Past what is hidden by the thousand it goes from segment to segment, those left out that are hidden as a whole.
_SEGMENTS = (
    "SELECT s.id, s.first_ns, s.end_ns FROM channel c JOIN segment s ON s.channel_id = c.id WHERE c.name = ? AND {}"
    " AND NOT EXISTS (SELECT 1 FROM overlap o WHERE o.channel_id = c.id AND o.segment_id > s.id"
    " AND o.start_ns <= s.first_ns AND s.end_ns <= o.end_ns) ORDER BY {}"
)
_SEGMENTS_DOWN = _SEGMENTS.format("s.first_ns <= ?", "s.first_ns DESC, s.id DESC")
_SEGMENTS_UP = _SEGMENTS.format("s.end_ns > ?", "s.first_ns, s.id")
_WITHIN = f"{_FROM} WHERE c.name = ? AND g.segment_id = ? AND NOT {_HIDDEN}"
_FLOOR_WITHIN = f"SELECT {_COLUMNS} {_WITHIN} AND g.t_ns BETWEEN ? AND ? {_DOWN} LIMIT 1"
_NEXT_WITHIN = f"SELECT {_COLUMNS} {_WITHIN} AND g.t_ns BETWEEN ? + 1 AND ? {_UP} LIMIT 1"


# Runs need the samples of a group only when a gap may be in it, or when it does not count as a whole.
_RUN = (
    f"SELECT g.t_ns, g.end_ns, {_CUT} AS cut, CASE WHEN g.end_ns - g.t_ns > ? OR {_CUT} <= g.end_ns"
    " THEN g.samples END"
)
_RUNS = f"{_RUN} {_FROM} WHERE c.name = ? AND g.t_ns BETWEEN ? AND ? AND NOT {_HIDDEN} {_UP}"
_RUNS_WITHIN = f"{_RUN} {_WITHIN} AND g.t_ns BETWEEN ? AND ? AND g.end_ns >= ?"
_OVERLAPS = (
    "SELECT count(*) FROM channel c JOIN overlap o ON o.channel_id = c.id"
    " WHERE c.name = ? AND o.start_ns <= ? AND o.end_ns >= ?"
)


def floor(connection: Connection, channel: str, t_ns: int) -> Found | None:
    """The last group of pictures that counts and begins at or before ``t_ns``."""
    row = connection.execute(_FLOOR, (channel, t_ns)).fetchone()
    if row is None:
        return None
    return _floor_by_segment(connection, channel, t_ns) if row[0] else found(row[1:])


def _following(connection: Connection, channel: str, t_ns: int) -> Found | None:
    """The first group of pictures that counts and begins after ``t_ns``."""
    row = connection.execute(_NEXT, (channel, t_ns)).fetchone()
    if row is None:
        return None
    return _next_by_segment(connection, channel, t_ns) if row[0] else found(row[1:])


def before(connection: Connection, channel: str, t_ns: int) -> int | None:
    """The moment of the last picture at or before ``t_ns``."""
    holding = floor(connection, channel, t_ns)
    if holding is None:
        return None
    return max(each.t_ns for each in holding.gop.samples if each.t_ns <= t_ns)


def after(connection: Connection, channel: str, t_ns: int) -> int | None:
    """The moment of the first picture later than ``t_ns``."""
    holding = floor(connection, channel, t_ns)
    later = [each.t_ns for each in holding.gop.samples if each.t_ns > t_ns] if holding else []
    if later:
        return min(later)
    coming = _following(connection, channel, t_ns)
    return coming.gop.t_ns if coming else None


def groups(connection: Connection, channel: str, start_ns: int, end_ns: int) -> Iterator[Found]:
    """What counts and has pictures between these moments, in time order, read from the database bit by bit.

    As long as one and the same connection is good for: see :func:`page` for more.
    """
    position: Position | None = None
    while rows := page(connection, channel, start_ns, end_ns, position):
        yield from (each for _, each in rows)
        position = rows[-1][0]


def page(
    connection: Connection, channel: str, start_ns: int, end_ns: int, behind: Position | None
) -> list[tuple[Position, Found]]:
    """The next few of :func:`groups`, each with its position, ``behind`` the last one of the page before."""
    rows: list[tuple[Position, Found]] = []
    if behind is None:
        behind = (start_ns, LATEST, 0)
        holding = floor(connection, channel, start_ns)
        if holding is not None and any(start_ns <= each.t_ns <= end_ns for each in holding.gop.samples):
            rows.append((behind, holding))
    found_rows = connection.execute(_PAGE, (channel, *behind, end_ns, _PAGE_ROWS)).fetchall()
    return rows + [((row[0], row[1], row[2]), found(row[3:])) for row in found_rows]


def runs(connection: Connection, channel: str, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Pictures between these moments as (first, last), in time order: within one no gap is longer than a second.

    Those of a group of pictures that begins before ``start_ns`` are all in it.
    """
    hidden = connection.execute(_OVERLAPS, (channel, end_ns, start_ns)).fetchone()[0]
    holding = floor(connection, channel, start_ns)
    first_ns = holding.gop.t_ns if holding else start_ns
    found_runs: list[tuple[int, int]] = []
    for row in _run_rows(connection, channel, first_ns, end_ns, by_segment=bool(hidden)):
        found_runs += _runs_of(*row)
    return sorted(found_runs)


def _run_rows(
    connection: Connection, channel: str, start_ns: int, end_ns: int, *, by_segment: bool
) -> Iterator[Any]:
    if not by_segment:
        yield from connection.execute(_RUNS, (GAP_NS, channel, start_ns, end_ns))
        return
    for segment_id, first_ns, last_ns in connection.execute(_SEGMENTS_UP, (channel, start_ns - 1)):
        if first_ns > end_ns:
            return
        window = (first_ns, min(last_ns, end_ns), start_ns)
        yield from connection.execute(_RUNS_WITHIN, (GAP_NS, channel, segment_id, *window))


def _runs_of(t_ns: int, end_ns: int, cut_ns: int | None, samples: bytes | None) -> Iterator[tuple[int, int]]:
    if samples is None:
        yield t_ns, end_ns
        return
    limit_ns = LATEST if cut_ns is None else cut_ns - 1
    for each in unpack(samples):
        if each.t_ns <= limit_ns:
            yield each.t_ns, each.t_ns


def _floor_by_segment(connection: Connection, channel: str, t_ns: int) -> Found | None:
    for segment_id, first_ns, _ in connection.execute(_SEGMENTS_DOWN, (channel, t_ns)):
        row = connection.execute(_FLOOR_WITHIN, (channel, segment_id, first_ns, t_ns)).fetchone()
        if row is not None:
            return found(row)
    return None


def _next_by_segment(connection: Connection, channel: str, t_ns: int) -> Found | None:
    for segment_id, _, end_ns in connection.execute(_SEGMENTS_UP, (channel, t_ns)):
        row = connection.execute(_NEXT_WITHIN, (channel, segment_id, t_ns, end_ns)).fetchone()
        if row is not None:
            return found(row)
    return None
