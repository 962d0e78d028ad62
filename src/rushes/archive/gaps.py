"""Pauses of a channel: kept as rows, so that what there is of a month is told without looking at its pictures."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rushes.archive.lookups import after, before, groups, runs
from rushes.archive.records import GAP_NS, Span
from rushes.archive.rows import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rushes.archive.database import Connection

__all__ = ["renew", "spans"]

_CHANNEL = "(SELECT id FROM channel WHERE name = ?)"
_FORGET = f"DELETE FROM gap WHERE channel_id = {_CHANNEL} AND start_ns >= ? AND start_ns < ?"
_KEEP = f"INSERT INTO gap (channel_id, start_ns, end_ns) VALUES ({_CHANNEL}, ?, ?)"
_LONG = (
    f"SELECT start_ns, end_ns FROM gap WHERE channel_id = {_CHANNEL} AND start_ns BETWEEN ? AND ?"
    " AND end_ns - start_ns > ? ORDER BY start_ns"
)
# A month of many short recordings is thousands of spans, and Span(...) itself takes three times as long.
_TO_SPAN = partial(tuple.__new__, Span)


def renew(connection: Connection, channel: str, start_ns: int, end_ns: int) -> None:
    """Brings the gaps up to date after pictures between these moments have come, gone, or been hidden."""
    earlier, later = before(connection, channel, start_ns - 1), after(connection, channel, end_ns)
    low_ns = -LATEST if earlier is None else earlier
    high_ns = LATEST if later is None else later
    connection.execute(_FORGET, (channel, low_ns, high_ns))
    edges = [] if earlier is None else [(earlier, earlier)]
    edges += runs(connection, channel, start_ns, end_ns)
    edges += [] if later is None else [(later, later)]
    edges.sort()
    pauses = [each for each in _pauses(edges, GAP_NS) if low_ns <= each[0] and each[1] <= high_ns]
    connection.executemany(_KEEP, [(channel, *each) for each in pauses])


def spans(connection: Connection, channel: str, start_ns: int, end_ns: int, max_gap_ns: int) -> list[Span]:
    """What there is from ``start_ns`` to ``end_ns``, both included, apart where a pause is longer than that."""
    first_ns, last_ns = after(connection, channel, start_ns - 1), before(connection, channel, end_ns)
    if first_ns is None or last_ns is None or first_ns > last_ns:
        return []
    if max_gap_ns < GAP_NS:
        pauses = list(_pauses(_pictures(connection, channel, first_ns, last_ns), max_gap_ns))
    else:
        pauses = connection.execute(_LONG, (channel, first_ns, last_ns - 1, max_gap_ns)).fetchall()
    starts = [first_ns, *[end for _, end in pauses]]
    ends = [*[start for start, _ in pauses], last_ns]
    return list(map(_TO_SPAN, zip(starts, ends, strict=True)))


def _pictures(connection: Connection, channel: str, start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    for each in groups(connection, channel, start_ns, end_ns):
        times = sorted(sample.t_ns for sample in each.gop.samples)
        yield from ((t_ns, t_ns) for t_ns in times if start_ns <= t_ns <= end_ns)


def _pauses(runs: Iterable[tuple[int, int]], longer_ns: int) -> Iterator[tuple[int, int]]:
    """Between runs in time order, as (last before, first after)."""
    last_ns: int | None = None
    for start_ns, end_ns in runs:
        if last_ns is not None and start_ns - last_ns > longer_ns:
            yield last_ns, start_ns
        last_ns = end_ns if last_ns is None else max(last_ns, end_ns)
