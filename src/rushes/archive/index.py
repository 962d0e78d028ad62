"""What the archive knows of its files: every channel, segment, group of pictures, pause and figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.archive import changes, figures_index, gaps, lookups
from rushes.archive.packing import pack
from rushes.archive.records import Found, Gop, Segment, Span, Usage
from rushes.archive.rows import GOP, LATEST, SEGMENT, found, limited, segment
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rushes.archive.database import Database
    from rushes.archive.records import FigureSpan

__all__ = ["Index"]

_SEGMENTS = f"SELECT {SEGMENT} FROM segment s JOIN channel c ON c.id = s.channel_id"
_GROUPS = (
    f"SELECT {GOP}, NULL, {SEGMENT} FROM gop g JOIN segment s ON s.id = g.segment_id"
    " JOIN channel c ON c.id = s.channel_id WHERE g.segment_id = ? AND g.offset > ? ORDER BY g.offset LIMIT ?"
)
_PAGE_ROWS = 256


class Index:
    """All questions and changes, over the :class:`Database` ``db``. Any thread.

    Times are UTC nanoseconds. Each change is one transaction: when it raises, nothing has changed. Raises as
    Database says, and ArchiveError for a segment that is not there (any more).
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def channel(self, name: str) -> int:
        """The number of a channel, which is made when it is new."""
        with self._db.writing() as connection:
            return changes.channel_id(connection, name)

    def open_segment(
        self,
        channel: str,
        start_ns: int,
        codec: str,
        width: int,
        height: int,
        fps: float,
        *,
        hides_from_ns: int | None = None,
    ) -> Segment:
        """A row for a file that is about to be made: its id and its path are decided here. On the disk when it returns.

        ``hides_from_ns``: what older segments have gives way to it, from there up to its own last picture; so
        they come to light again where it ends.
        """
        with self._db.writing(durable=True) as connection:
            row = changes.open_segment(connection, channel, start_ns, codec, width, height, fps)
            if hides_from_ns is not None:
                changes.add_overlap(connection, channel, hides_from_ns, start_ns, row.id, grows=True)
        return row

    def add_gop(
        self,
        segment: Segment,
        gop: Gop,
        *,
        bytes: int,
        extradata: bytes | None = None,
        figures: Sequence[tuple[int, int, str]] = (),
    ) -> None:
        """A group of pictures that is whole in the file, which has ``bytes`` now; pauses around it and in it are
        noted. ``figures``: (start_ns, end_ns, JSON text)."""
        t_ns, end_ns, samples = gop.t_ns, gop.end_ns, pack(gop.samples)
        with self._db.writing() as connection:
            channel_id = changes.segment_row(connection, segment.id)[0]
            connection.execute(
                "INSERT INTO gop (channel_id, t_ns, segment_id, offset, end_ns, samples) VALUES (?, ?, ?, ?, ?, ?)",
                (channel_id, t_ns, segment.id, gop.offset, end_ns, samples),
            )
            connection.execute(
                "UPDATE segment SET first_ns = min(first_ns, ?), end_ns = max(end_ns, ?), bytes = ?,"
                " extradata = coalesce(?, extradata) WHERE id = ?",
                (t_ns, end_ns, bytes, extradata, segment.id),
            )
            hidden_ns = changes.extend_overlap(connection, channel_id, segment.id, end_ns)
            gaps.renew(connection, segment.channel, min(t_ns, hidden_ns), end_ns)
            for start_ns, until_ns, text in figures:
                figures_index.add(connection, channel_id, start_ns, until_ns, text)

    def close_segment(self, id: int, *, bytes: int) -> None:
        """Its file is finished, on the disk, and has ``bytes``. So is all that the index was told until now."""
        with self._db.writing(durable=True) as connection:
            changes.segment_row(connection, id)
            connection.execute("UPDATE segment SET state = 'closed', bytes = ? WHERE id = ?", (bytes, id))

    def remove_segment(self, id: int) -> str:
        """Forgets a segment and all in it; its path, which is garbage from now on.

        On the disk when it returns: the file may then be deleted. A hole in the middle of a channel is a gap.
        One in the cold store comes under :meth:`cold_garbage`.
        """
        with self._db.writing(durable=True) as connection:
            return changes.remove_segment(connection, id)

    def drop_gops(self, segment_id: int, from_offset: int) -> int:
        """Forgets the groups of pictures from that place in the file on; how many."""
        with self._db.writing() as connection:
            return changes.drop_gops(connection, segment_id, from_offset)

    def to_cold(self, segment_id: int, key: str) -> None:
        """The file is in the cold store under ``key``: the local one is garbage from now on. On the disk then."""
        if not key:
            raise ConfigError("the key of a segment in the cold store is not empty", option="key")
        with self._db.writing(durable=True) as connection:
            path = changes.segment_row(connection, segment_id)[2]
            connection.execute("UPDATE segment SET cold = ? WHERE id = ?", (key, segment_id))
            connection.execute("INSERT OR IGNORE INTO garbage (path) VALUES (?)", (path,))

    def forget_garbage(self, path: str) -> None:
        """What lay there is deleted."""
        with self._db.writing() as connection:
            connection.execute("DELETE FROM garbage WHERE path = ?", (path,))

    def add_overlap(self, channel: str, start_ns: int, end_ns: int, segment_id: int) -> None:
        """From ``start_ns`` to ``end_ns``, both included, segments older than ``segment_id`` count no more."""
        with self._db.writing() as connection:
            changes.add_overlap(connection, channel, start_ns, end_ns, segment_id)

    def add_figures(self, channel: str, start_ns: int, end_ns: int, json_text: str) -> None:
        """A text shown from ``start_ns`` to ``end_ns``, both included; ConfigError when that is no time."""
        if not -LATEST <= start_ns <= end_ns <= LATEST:
            raise ConfigError(f"no figures can be shown from {start_ns} to {end_ns} ns", option="end")
        with self._db.writing() as connection:
            figures_index.add(
                connection, changes.channel_id(connection, channel), start_ns, end_ns, json_text
            )

    def prune_figures(self) -> int:
        """Removes the figures of what is no longer there; how many."""
        with self._db.writing() as connection:
            return figures_index.prune(connection)

    def channels(self) -> list[str]:
        """The names of all channels, sorted."""
        with self._db.reading() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM channel ORDER BY name")]

    def floor(self, channel: str, t_ns: int) -> Found | None:
        """The newest group of pictures that begins at or before ``t_ns``."""
        with self._db.reading() as connection:
            return lookups.floor(connection, channel, limited(t_ns))

    def after(self, channel: str, t_ns: int) -> int | None:
        """The moment of the first picture later than ``t_ns``."""
        with self._db.snapshot() as connection:
            return lookups.after(connection, channel, limited(t_ns))

    def before(self, channel: str, t_ns: int) -> int | None:
        """The moment of the last picture at or before ``t_ns``."""
        with self._db.snapshot() as connection:
            return lookups.before(connection, channel, limited(t_ns))

    def last(self, channel: str) -> int | None:
        """The moment of the channel's newest picture."""
        return self.before(channel, LATEST)

    def spans(self, channel: str, start_ns: int, end_ns: int, max_gap_ns: int) -> list[Span]:
        """What there is between these moments, both included, apart where a pause is longer than ``max_gap_ns``."""
        with self._db.snapshot() as connection:
            return gaps.spans(connection, channel, limited(start_ns), limited(end_ns), max_gap_ns)

    def gops(self, channel: str, start_ns: int, end_ns: int) -> Iterator[Found]:
        """All groups of pictures with pictures between these moments, both included, in time order.

        Read in pages: what is added or removed meanwhile may be among them or not.
        """
        start_ns, end_ns = limited(start_ns), limited(end_ns)
        behind: lookups.Position | None = None
        while True:
            with self._db.snapshot() as connection:
                rows = lookups.page(connection, channel, start_ns, end_ns, behind)
            if not rows:
                return
            yield from (each for _, each in rows)
            behind = rows[-1][0]

    def segment(self, id: int) -> Segment | None:
        """The segment as it is now; None when it is not there (any more)."""
        with self._db.reading() as connection:
            row = connection.execute(f"{_SEGMENTS} WHERE s.id = ?", (id,)).fetchone()
        return segment(row) if row else None

    def segment_gops(self, id: int) -> Iterator[Found]:
        """All groups of pictures of a segment as they lie in its file, hidden or not."""
        offset = -1
        while True:
            with self._db.reading() as connection:
                rows = connection.execute(_GROUPS, (id, offset, _PAGE_ROWS)).fetchall()
            if not rows:
                return
            yield from map(found, rows)
            offset = rows[-1][0]

    def segments(self, channel: str | None = None, state: str | None = None) -> Iterator[Segment]:
        """All segments, or those of a channel, or in a state: in the order in which they were begun."""
        if state not in (None, "open", "closed"):
            raise ConfigError(f'the state of a segment is "open" or "closed", not {state!r}', option="state")
        # The state is written out, or the small index of those that are open could not be used.
        terms = f" AND s.state = '{state}'" if state else ""
        terms += " AND c.name = ?" if channel is not None else ""
        given = [] if channel is None else [channel]
        last_id = 0
        while True:
            with self._db.reading() as connection:
                query = f"{_SEGMENTS} WHERE s.id > ?{terms} ORDER BY s.id LIMIT ?"
                rows = connection.execute(query, (last_id, *given, _PAGE_ROWS)).fetchall()
            if not rows:
                return
            yield from map(segment, rows)
            last_id = rows[-1][0]

    def oldest_closed(self, limit: int) -> list[Segment]:
        """Of all channels the segments that were begun first, are finished, and are local files."""
        query = f"{_SEGMENTS} WHERE s.state = 'closed' AND s.cold = '' ORDER BY s.id LIMIT ?"
        with self._db.reading() as connection:
            return [segment(row) for row in connection.execute(query, (limit,))]

    def figures_at(self, channel: str, t_ns: int) -> list[str]:
        """The texts shown at that moment, in the order in which they were added."""
        with self._db.reading() as connection:
            return figures_index.at(connection, channel, limited(t_ns))

    def figures_between(self, channel: str, start_ns: int, end_ns: int, n: int) -> list[FigureSpan]:
        """When any were shown between these moments, both included, in at most ``n`` spans and looks."""
        with self._db.snapshot() as connection:
            return figures_index.between(connection, channel, limited(start_ns), limited(end_ns), n)

    def garbage(self) -> list[str]:
        """Paths of local files to be deleted."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT path FROM garbage WHERE cold = '' ORDER BY path")
            return [path for (path,) in rows]

    def cold_garbage(self) -> list[tuple[str, str]]:
        """(path, key) of what is to be deleted in the cold store; ``forget_garbage(path)`` when it is."""
        with self._db.reading() as connection:
            return connection.execute(
                "SELECT path, cold FROM garbage WHERE cold <> '' ORDER BY path"
            ).fetchall()

    def usage(self) -> Usage:
        """How much there is, kept up to date with each change."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT segments, bytes FROM usage ORDER BY cold").fetchall()
        return Usage(*rows[0], *rows[1])
