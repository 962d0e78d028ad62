"""Decoders that stand where they were left, so that what is asked for next costs one picture and not a group."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from rushes.archive.fetch import read_samples
from rushes.clock import SYSTEM
from rushes.codecs.video.bare import BareDecoder
from rushes.errors import ArchiveCorrupt, CorruptImage

if TYPE_CHECKING:
    from rushes.archive.fetch import Reads
    from rushes.archive.records import Found, Gop
    from rushes.clock import Clock
    from rushes.codecs.video.bare import Decoded
    from rushes.codecs.video.media import Picture

__all__ = ["Cursors", "is_reordered"]

_MAX_BYTES = 96 << 20
# What a decoder holds for itself, in pictures: those that others are built from, and the one at work. Measured: 3.2 to
# 3.5, and 7 to 9 where pictures wait until those shown before them are there.
_OWN_PICTURES = 4
_OWN_REORDERED = 10
# Of one group: two viewers, and one more for who goes back while they play.
_MOST_DECODERS = 3
_MOST_GROUPS = 64

_Run = tuple["Found", ...]
_Key = tuple[tuple[int, "Gop"], ...]


def is_reordered(gop: Gop) -> bool:
    """Whether pictures are shown in another order than they are decoded in."""
    times = [sample.t_ns for sample in gop.samples]
    return times != sorted(times)


class Cursors:
    """Decoded pictures of groups, at most ``max_bytes`` kept between calls. Any thread.

    Each group asked for lately has decoders that stand behind the last picture each of them gave, three at most,
    so that viewers at several places of a group do not take them from each other. A group that is asked for again
    keeps what is decoded from then on, as long as there is room. What was not asked for longest gives way, pictures
    before decoders. A group is decoded by one thread at a time, several groups side by side.
    """

    def __init__(self, fetch: Reads, max_bytes: int = _MAX_BYTES, *, clock: Clock = SYSTEM) -> None:
        self._fetch = fetch
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._cursors: OrderedDict[_Key, _Cursor] = OrderedDict()
        self._bytes = 0
        self._asked = 0

    @property
    def bytes(self) -> int:
        """What is kept now, by estimate for the decoders themselves."""
        return self._bytes

    def picture(self, found: Found, turn: int, before: Found | None = None) -> Picture:
        """The picture of sample ``turn`` of the group, counted from 0 in the order of decoding.

        ``before``: the group right before, of the same coding, for a picture that builds upon that as well. Raises
        ArchiveCorrupt when bytes that it is made of are not what was written, CorruptImage when they cannot be
        decoded.
        """
        run = (found,) if before is None else (before, found)
        turn += _samples(run[:-1])
        cursor = self._enter(run)
        try:
            with cursor.lock:
                decoded = cursor.kept.get(turn) or self._decode(cursor, run, turn)
                # Still with the lock: a decoded picture converts itself by one converter of its own.
                return decoded.picture()
        finally:
            self._leave(cursor)

    def clear(self) -> None:
        """Forgets everything that is not in use."""
        self.sweep(0)

    def sweep(self, idle_s: float) -> bool:
        """Forgets groups that nobody asked for since ``idle_s`` seconds; whether anything is kept still."""
        since_ns = self._clock.monotonic_ns() - round(idle_s * 1e9)
        with self._lock:
            over = [key for key, each in self._cursors.items() if not each.users and each.left_ns <= since_ns]
            old = [self._forget(key) for key in over]
            left = bool(self._cursors)
        del old  # outside of the lock
        return left

    def _decode(self, cursor: _Cursor, run: _Run, turn: int) -> Decoded:
        """Goes on to the picture, from the beginning where it was passed. With the cursor's own lock held."""
        stand = self._standing(cursor, run, turn)
        useful = False  # unless it gets through, it is of no more use
        try:
            wanted = self._go_on(cursor, stand, run, turn)
            useful = stand.nbytes > 0 and not stand.finished and stand.awaited(_samples(run))
        finally:
            if useful:
                cursor.stands.append(stand)
            else:
                self._give_back(cursor, stand.nbytes)
        return wanted

    def _standing(self, cursor: _Cursor, run: _Run, turn: int) -> _Stand:
        """The decoder nearest before that picture, taken from those that stand there, or a new one."""
        ahead = [each for each in cursor.stands if turn not in each.given]
        if ahead:
            nearest = max(ahead, key=lambda each: each.decoder.fed)
            cursor.stands.remove(nearest)
            return nearest
        # One that was asked for one picture only was not being played from: who goes back needs no second one.
        stray = next((each for each in cursor.stands if each.asked < 2), None)
        if stray is not None or len(cursor.stands) == _MOST_DECODERS:
            stray = stray or cursor.stands[0]
            cursor.stands.remove(stray)
            self._give_back(cursor, stray.nbytes)
        segment = run[0].segment
        reordered = len(run) > 1 or is_reordered(run[0].gop)
        own = self._own(segment.width * segment.height * 3 // 2, reordered)
        while not (room := self._reserve(cursor, own, first=not cursor.stands)) and cursor.kept:
            self._give_back(cursor, cursor.kept.pop(next(iter(cursor.kept))).nbytes)
        if not room and cursor.stands:
            room, own = True, cursor.stands.pop(0).nbytes
        return _Stand(BareDecoder(segment.codec, segment.extradata, reordered=reordered), own if room else 0)

    def _own(self, picture: int, reordered: bool) -> int:
        """What a decoder takes. One alone, of large pictures, may take a little more than there is, or each would
        cost all those before it.
        """
        own = picture * (_OWN_REORDERED if reordered else _OWN_PICTURES)
        return min(own, max(self._max_bytes, picture * _OWN_PICTURES))

    def _go_on(self, cursor: _Cursor, stand: _Stand, run: _Run, turn: int) -> Decoded:
        decoder, samples = stand.decoder, _samples(run)
        stand.asked += 1
        wanted, end = None, max(decoder.fed, turn + 1)
        for sample in _coded(self._fetch, run, decoder.fed, end):
            wanted = self._take(cursor, stand, decoder.feed(sample), turn) or wanted
        while wanted is None and decoder.fed < samples:
            # Out of order: it comes when those are known that are shown before it.
            try:
                (sample,) = _coded(self._fetch, run, decoder.fed, decoder.fed + 1)
            except ArchiveCorrupt:
                break  # nothing that this picture is made of
            wanted = self._take(cursor, stand, decoder.feed(sample), turn)
        if wanted is None:
            stand.finished = True  # a finished decoder takes no more
            wanted = self._take(cursor, stand, decoder.finish(), turn)
        if wanted is None:
            raise CorruptImage(f"sample {turn} gave no picture", format=run[0].segment.codec)
        return wanted

    def _take(self, cursor: _Cursor, stand: _Stand, made: list[Decoded], turn: int) -> Decoded | None:
        wanted = None
        for each in made:
            stand.given.add(each.order)
            if each.order == turn:
                wanted = each
            if cursor.asked > 1:
                self._keep(cursor, each)
        return wanted

    def _keep(self, cursor: _Cursor, decoded: Decoded) -> None:
        if decoded.order in cursor.kept:
            return
        room = self._reserve(cursor, decoded.nbytes)
        if not room and cursor.kept:
            # The later ones are worth more: who goes back step by step asks for them first.
            self._give_back(cursor, cursor.kept.pop(next(iter(cursor.kept))).nbytes)
            room = self._reserve(cursor, decoded.nbytes)
        if room:
            cursor.kept[decoded.order] = decoded

    def _reserve(self, cursor: _Cursor, nbytes: int, *, first: bool = False) -> bool:
        """Whether there is room for so much more of that group; for its ``first`` whatever nobody uses gives way."""
        with self._lock:
            # Several channels played side by side would else take each other's decoders away at every step.
            old = self._give_way(nbytes, self._asked if first else cursor.asked_before)
            room = self._bytes + nbytes <= self._max_bytes
            if room:
                self._bytes += nbytes
                cursor.nbytes += nbytes
        del old  # outside of the lock
        return room

    def _give_back(self, cursor: _Cursor, nbytes: int) -> None:
        with self._lock:
            self._bytes -= nbytes
            cursor.nbytes -= nbytes

    def _enter(self, run: _Run) -> _Cursor:
        # By all that the index says of them: a group that anything was changed of is another one.
        key = tuple((found.segment.id, found.gop) for found in run)
        with self._lock:
            cursor = self._cursors.get(key)
            if cursor is None:
                cursor = self._cursors[key] = _Cursor()
            self._cursors.move_to_end(key)
            cursor.users += 1
            cursor.asked += 1
            self._asked += 1
            cursor.asked_before, cursor.asked_last = cursor.asked_last, self._asked
            idle = [key for key, each in self._cursors.items() if not each.users]
            old = [self._forget(key) for key in idle[: max(0, len(self._cursors) - _MOST_GROUPS)]]
        del old  # outside of the lock
        return cursor

    def _leave(self, cursor: _Cursor) -> None:
        with self._lock:
            cursor.users -= 1
            cursor.left_ns = self._clock.monotonic_ns()

    def _give_way(self, nbytes: int, until: int) -> list[object]:
        """Forgets what was not asked for longest until there is room for ``nbytes``; with the lock held.

        Nothing that was asked for later than the call ``until`` of all. A decoder is worth more than the pictures
        beside it: without it, each further one costs all those before.
        """
        old: list[object] = []
        if self._bytes + nbytes <= self._max_bytes:
            return old
        idle = [key for key, each in self._cursors.items() if not each.users and each.asked_last <= until]
        for cursor in [self._cursors[key] for key in idle]:
            while cursor.kept and self._bytes + nbytes > self._max_bytes:
                picture = cursor.kept.pop(next(iter(cursor.kept)))
                cursor.nbytes -= picture.nbytes
                self._bytes -= picture.nbytes
                old.append(picture)
        for key in idle:
            if self._bytes + nbytes <= self._max_bytes:
                break
            old.append(self._forget(key))
        return old

    def _forget(self, key: _Key) -> _Cursor:
        cursor = self._cursors.pop(key)
        self._bytes -= cursor.nbytes
        return cursor


class _Stand:
    """A decoder and what it has brought out; ``nbytes`` of the room are for it, 0: it is used once."""

    __slots__ = ("asked", "decoder", "finished", "given", "nbytes")

    def __init__(self, decoder: BareDecoder, nbytes: int) -> None:
        self.decoder = decoder
        self.nbytes = nbytes
        self.asked = 0
        self.given: set[int] = set()
        self.finished = False

    def awaited(self, samples: int) -> bool:
        """Whether any picture of so many is still to come."""
        return len(self.given) < samples


class _Cursor:
    """One group's: decoders, the one used last at the end, and the pictures ``kept`` of those they gave."""

    __slots__ = (
        "asked",
        "asked_before",
        "asked_last",
        "kept",
        "left_ns",
        "lock",
        "nbytes",
        "stands",
        "users",
    )

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stands: list[_Stand] = []
        self.kept: dict[int, Decoded] = {}
        self.nbytes = self.users = self.left_ns = 0
        self.asked = self.asked_last = self.asked_before = 0


def _samples(run: _Run) -> int:
    return sum(len(found.gop.samples) for found in run)


def _coded(fetch: Reads, run: _Run, first: int, end: int) -> list[memoryview]:
    """The coded pictures ``first`` to before ``end`` of a run of groups."""
    taken: list[memoryview] = []
    for found in run:
        count = len(found.gop.samples)
        taken += read_samples(fetch, found, max(0, first), max(0, min(end, count)))
        first, end = first - count, end - count
    return taken
