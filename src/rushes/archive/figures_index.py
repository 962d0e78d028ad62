"""Figures by the time they are shown: found by one look at each size of block, however long they last.

The time of a figure is cut into blocks of 2^30, 2^32, … nanoseconds, the largest that fit, so that it takes few of
them: about two for a figure of one picture, some eighty for a year. Those shown at a moment are then in the one
block of each size that holds the moment. Pieces of at most a minute were rejected: a figure of a year would be half
a million rows.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from rushes.archive.records import FigureSpan
from rushes.figures import from_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.archive.database import Connection

__all__ = ["add", "at", "between", "blocks", "prune"]

# About one second to about 146 years; the smallest also holds what a figure has of a block that it does not fill.
_LEVELS = range(30, 64, 2)

# A block's number at its level is far below this, so that both fit into one column: SQLite looks up a list of
# single values in its index, but not a list of pairs.
_LEVEL = 1 << 40

_AT = (
    "SELECT f.text FROM channel c JOIN figure_piece p ON p.channel_id = c.id JOIN figure f ON f.id = p.figure_id"
    f" WHERE c.name = ? AND p.node IN ({', '.join('?' * len(_LEVELS))}) AND f.start_ns <= ? AND f.end_ns >= ?"
    " ORDER BY f.id"
)
# Who shows more texts than this at a moment is not counted to the end: what one look takes stays bounded.
_MOST_SHOWN = 256
_SHOWN = (
    "SELECT f.start_ns, f.end_ns, f.text FROM figure_piece p JOIN figure f ON f.id = p.figure_id WHERE p.channel_id = ?"
    f" AND p.node IN ({', '.join('?' * len(_LEVELS))}) AND f.start_ns <= ? AND f.end_ns >= ? LIMIT {_MOST_SHOWN}"
)
_NEXT = "SELECT start_ns FROM figure WHERE channel_id = ? AND end_ns >= ? ORDER BY end_ns LIMIT 1"
_LAST_END = "SELECT max(end_ns) FROM figure WHERE channel_id = ? AND end_ns BETWEEN ? AND ?"
# Ends and beginnings are rounded to whole microseconds, which leaves as much between figures that follow one another.
_TOUCHING_NS = 2_000
# Nothing is asked of before the oldest picture, or, when there is none any more, of up to the last one removed.
_OLDEST = (
    "SELECT c.id, coalesce((SELECT min(s.first_ns) FROM segment s WHERE s.channel_id = c.id), c.gone_ns + 1)"
    " FROM channel c"
)


def blocks(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """(level, block): the fewest that hold all from ``start_ns`` to ``end_ns``, both included."""
    smallest = _LEVELS[0]
    first, last = start_ns >> smallest, end_ns >> smallest
    while first <= last:
        level = smallest
        for larger in _LEVELS[1:]:
            width = larger - smallest
            if first & ((1 << width) - 1) or first + (1 << width) - 1 > last:
                break
            level = larger
        yield level, first >> (level - smallest)
        first += 1 << (level - smallest)


def add(connection: Connection, channel_id: int, start_ns: int, end_ns: int, text: str) -> None:
    """Keeps a text that is shown from ``start_ns`` to ``end_ns``, both included."""
    figure_id = connection.execute(
        "INSERT INTO figure (channel_id, start_ns, end_ns, text) VALUES (?, ?, ?, ?)",
        (channel_id, start_ns, end_ns, text),
    ).lastrowid
    connection.executemany(
        "INSERT INTO figure_piece (channel_id, node, figure_id) VALUES (?, ?, ?)",
        [(channel_id, level * _LEVEL + block, figure_id) for level, block in blocks(start_ns, end_ns)],
    )


def at(connection: Connection, channel: str, t_ns: int) -> list[str]:
    """The texts shown at that moment, in the order in which they were added."""
    nodes = [level * _LEVEL + (t_ns >> level) for level in _LEVELS]
    return [text for (text,) in connection.execute(_AT, (channel, *nodes, t_ns, t_ns))]


def between(connection: Connection, channel: str, start_ns: int, end_ns: int, n: int) -> list[FigureSpan]:
    """When anything is shown from ``start_ns`` to ``end_ns``, both included: at most ``n`` spans, in time order.

    It is looked at most ``n`` times, a step of an ``n``-th apart, however many rows there are: pauses shorter than a
    step are closed, and what is shown for less than one may be missing from the counts, never a span with
    nothing in it shown.
    """
    row = connection.execute("SELECT id FROM channel WHERE name = ?", (channel,)).fetchone()
    if row is None:
        return []
    step_ns = (end_ns - start_ns) // n + 1
    spans: list[_Span] = []
    at_ns = start_ns
    while at_ns <= end_ns:
        shown = _shown(connection, row[0], at_ns)
        begin_ns = at_ns
        if not shown:
            coming = connection.execute(_NEXT, (row[0], at_ns)).fetchone()
            # Whatever began in between ends after the one that ends first, and so is shown when that begins.
            at_ns = end_ns if coming is None else min(coming[0], end_ns)
            shown = [] if coming is None else _shown(connection, row[0], at_ns)
            if not shown:
                break
            begin_ns = min(each[0] for each in shown)
        if not spans or begin_ns - spans[-1].end_ns > max(step_ns, _TOUCHING_NS):
            spans.append(_Span(begin_ns))
        spans[-1].add([each[2] for each in shown])
        until_ns = min(at_ns + step_ns, end_ns)
        (ended_ns,) = connection.execute(_LAST_END, (row[0], at_ns, until_ns)).fetchone()
        spans[-1].end_ns = max(ended_ns or at_ns, min(until_ns, max(each[1] for each in shown)))
        at_ns += step_ns
    return [each.made() for each in spans]


class _Span:
    """A span as it is put together: the most of each kind at one moment, and the texts of the fullest one."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = self.end_ns = start_ns
        self._kinds: Counter[str] = Counter()
        self._fullest: list[Any] = []

    def add(self, texts: list[str]) -> None:
        shown = [plain for text in texts for plain in json.loads(text)]
        self._kinds |= Counter(str(plain["kind"]) for plain in shown)
        if len(shown) > len(self._fullest):
            self._fullest = shown

    def made(self) -> FigureSpan:
        figures = tuple(map(from_plain, self._fullest))
        return FigureSpan(self._start_ns, self.end_ns, len(figures), dict(self._kinds), figures)


def _shown(connection: Connection, channel_id: int, t_ns: int) -> list[tuple[int, int, str]]:
    nodes = [level * _LEVEL + (t_ns >> level) for level in _LEVELS]
    return connection.execute(_SHOWN, (channel_id, *nodes, t_ns, t_ns)).fetchall()


def prune(connection: Connection) -> int:
    """Removes the figures of what is no longer there; how many."""
    oldest = connection.execute(_OLDEST).fetchall()
    query = "DELETE FROM figure WHERE channel_id = ? AND end_ns < ?"
    return sum(connection.execute(query, row).rowcount for row in oldest)
