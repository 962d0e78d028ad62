"""Figures by the time they are shown: found by one look at each size of block, however long they last.

The time of a figure is cut into blocks of 2^30, 2^32, … nanoseconds, the largest that fit, so that it takes few of
them: about two for a figure of one picture, some eighty for a year. Those shown at a moment are then in the one
block of each size that holds the moment. Pieces of at most a minute were rejected: a figure of a year would be half
a million rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.archive.database import Connection

__all__ = ["add", "at", "blocks", "prune"]

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


def prune(connection: Connection) -> int:
    """Removes the figures of what is no longer there; how many."""
    oldest = connection.execute(_OLDEST).fetchall()
    query = "DELETE FROM figure WHERE channel_id = ? AND end_ns < ?"
    return sum(connection.execute(query, row).rowcount for row in oldest)
