"""Changes of the index that take several statements: each within a transaction that the caller has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.archive import gaps
from rushes.archive.places import segment_path
from rushes.archive.records import Segment
from rushes.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from rushes.archive.database import Connection

__all__ = [
    "add_overlap",
    "channel_id",
    "drop_gops",
    "extend_overlap",
    "open_segment",
    "remove_segment",
    "segment_row",
]

_IDLE_OVERLAPS = (
    "SELECT o.segment_id, o.start_ns, o.end_ns FROM overlap o WHERE o.channel_id = ?"
    " AND (NOT EXISTS (SELECT 1 FROM segment s WHERE s.channel_id = o.channel_id AND s.id >= o.segment_id)"
    " OR NOT EXISTS (SELECT 1 FROM segment s WHERE s.channel_id = o.channel_id AND s.id < o.segment_id))"
)


def open_segment(
    connection: Connection, channel: str, start_ns: int, codec: str, width: int, height: int, fps: float
) -> Segment:
    """A new row. Its number is part of its path, so that the path comes second."""
    number = connection.execute(
        "INSERT INTO segment (channel_id, start_ns, first_ns, end_ns, path, codec, width, height, fps)"
        " VALUES (?, ?, ?, ?, '', ?, ?, ?, ?)",
        (channel_id(connection, channel), start_ns, start_ns, start_ns, codec, width, height, fps),
    ).lastrowid
    if number is None:
        raise ArchiveError(f"the index gave no number to a segment of {channel!r}", channel=channel)
    path = segment_path(channel, start_ns, number)
    connection.execute("UPDATE segment SET path = ? WHERE id = ?", (path, number))
    return Segment(number, channel, start_ns, start_ns, path, 0, codec, b"", width, height, fps, "open")


def remove_segment(connection: Connection, segment_id: int) -> str:
    """All rows gone, the file garbage; its path. The pause that is left is noted."""
    number, name, path, start_ns, end_ns, cold = segment_row(connection, segment_id)
    connection.execute("INSERT OR IGNORE INTO garbage (path, cold) VALUES (?, ?)", (path, cold))
    connection.execute("DELETE FROM gop WHERE segment_id = ?", (segment_id,))
    connection.execute("DELETE FROM segment WHERE id = ?", (segment_id,))
    connection.execute(
        "UPDATE channel SET gone_ns = max(coalesce(gone_ns, ?), ?) WHERE id = ?", (end_ns, end_ns, number)
    )
    gaps.renew(connection, name, *_drop_overlaps(connection, number, start_ns, end_ns))
    return str(path)


def drop_gops(connection: Connection, segment_id: int, from_offset: int) -> int:
    """The rows from that place in the file on are gone; how many."""
    _, name, _, start_ns, end_ns, _ = segment_row(connection, segment_id)
    dropped = connection.execute(
        "DELETE FROM gop WHERE segment_id = ? AND offset >= ?", (segment_id, from_offset)
    ).rowcount
    connection.execute(
        "UPDATE segment SET end_ns = coalesce((SELECT max(end_ns) FROM gop WHERE segment_id = ?), start_ns)"
        " WHERE id = ?",
        (segment_id, segment_id),
    )
    gaps.renew(connection, name, start_ns, end_ns)
    return dropped


def add_overlap(
    connection: Connection, channel: str, start_ns: int, end_ns: int, segment_id: int, *, grows: bool = False
) -> None:
    """Hides what older segments have of that time, and notes the pauses that come and go with it."""
    connection.execute(
        "INSERT OR IGNORE INTO overlap (channel_id, segment_id, start_ns, end_ns, grows) VALUES (?, ?, ?, ?, ?)",
        (channel_id(connection, channel), segment_id, start_ns, end_ns, grows),
    )
    gaps.renew(connection, channel, start_ns, end_ns)


def extend_overlap(connection: Connection, number: int, segment_id: int, end_ns: int) -> int:
    """A segment that hides others has come to ``end_ns``; from where on that is news, which may be later."""
    row = connection.execute(
        "SELECT end_ns FROM overlap WHERE channel_id = ? AND segment_id = ? AND grows",
        (number, segment_id),
    ).fetchone()
    if row is None or row[0] >= end_ns:
        return end_ns
    connection.execute(
        "UPDATE overlap SET end_ns = ? WHERE channel_id = ? AND segment_id = ? AND grows",
        (end_ns, number, segment_id),
    )
    return int(row[0])


def channel_id(connection: Connection, name: str) -> int:
    """The number of a channel, which is made when it is new."""
    row = connection.execute("SELECT id FROM channel WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return int(row[0])
    if not name:
        raise ConfigError("a channel has a name", option="channel")
    made = connection.execute("INSERT INTO channel (name) VALUES (?)", (name,)).lastrowid
    if made is None:
        raise ArchiveError(f"the index gave no number to channel {name!r}", channel=name)
    return made


def segment_row(connection: Connection, segment_id: int) -> tuple[Any, ...]:
    """Its channel's number and name, its path, its first and its last moment, its key in the cold store."""
    row = connection.execute(
        "SELECT s.channel_id, c.name, s.path, s.first_ns, s.end_ns, s.cold FROM segment s"
        " JOIN channel c ON c.id = s.channel_id WHERE s.id = ?",
        (segment_id,),
    ).fetchone()
    if row is None:
        raise ArchiveError(f"there is no segment {segment_id} in the index")
    return tuple(row)


def _drop_overlaps(connection: Connection, number: int, start_ns: int, end_ns: int) -> tuple[int, int]:
    """Forgets those that hide nothing any more, or that nothing newer is left for.

    Gives the time concerned, the given one included.
    """
    rows = connection.execute(_IDLE_OVERLAPS, (number,)).fetchall()
    connection.executemany(
        "DELETE FROM overlap WHERE channel_id = ? AND segment_id = ? AND start_ns = ? AND end_ns = ?",
        [(number, *row) for row in rows],
    )
    return min([start_ns, *(row[1] for row in rows)]), max([end_ns, *(row[2] for row in rows)])
