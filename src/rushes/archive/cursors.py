"""Decoders that stand where they were left, so that what is asked for next costs one picture and not a group."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from rushes.archive.fetch import read_samples
from rushes.codecs.video.bare import BareDecoder
from rushes.errors import ArchiveCorrupt, CorruptImage

if TYPE_CHECKING:
    from rushes.archive.fetch import Reads
    from rushes.archive.records import Found, Gop
    from rushes.codecs.video.bare import Decoded
    from rushes.codecs.video.media import Picture

__all__ = ["Cursors", "is_reordered"]

_MAX_BYTES = 96 << 20
# What a decoder holds for itself, in pictures: those that others are built from, and the one at work.
_OWN_PICTURES = 4

_Key = tuple[int, int]


def is_reordered(gop: Gop) -> bool:
    """Whether pictures are shown in another order than they are decoded in."""
    times = [sample.t_ns for sample in gop.samples]
    return times != sorted(times)


class Cursors:
    """Decoded pictures of groups, at most ``max_bytes`` kept between calls. Any thread.

    Each group asked for lately has a decoder that stands behind its last picture. A group that is asked for
    again keeps what is decoded from then on, as long as there is room; what was not asked for longest gives
    way. A group is decoded by one thread at a time, several groups side by side.
    """

    def __init__(self, fetch: Reads, max_bytes: int = _MAX_BYTES) -> None:
        self._fetch = fetch
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._cursors: OrderedDict[_Key, _Cursor] = OrderedDict()
        self._bytes = 0
        self._asked = 0

    @property
    def bytes(self) -> int:
        """What is kept now, by estimate for the decoders themselves."""
        return self._bytes

    def picture(self, found: Found, turn: int) -> Picture:
        """The picture of sample ``turn`` of the group, counted from 0 in the order of decoding.

        Raises ArchiveCorrupt when bytes that it is made of are not what was written, CorruptImage when they
        cannot be decoded.
        """
        cursor = self._enter(found)
        try:
            with cursor.lock:
                decoded = cursor.kept.get(turn) or self._decode(cursor, found, turn)
                # Still with the lock: a decoded picture converts itself by one converter of its own.
                return decoded.picture()
        finally:
            self._leave(cursor)

    def clear(self) -> None:
        """Forgets everything that is not in use."""
        with self._lock:
            old = self._give_way(self._max_bytes, self._asked)
        del old  # outside of the lock

    def _decode(self, cursor: _Cursor, found: Found, turn: int) -> Decoded:
        """Goes on to the picture, from the beginning when it was passed. With the cursor's own lock held."""
        samples = len(found.gop.samples)
        decoder = cursor.decoder
        if decoder is None or turn in cursor.given:
            segment = found.segment
            decoder = BareDecoder(segment.codec, segment.extradata, reordered=is_reordered(found.gop))
            cursor.given.clear()
        cursor.decoder = None  # unless it gets through, it is of no more use
        wanted, end = None, max(decoder.fed, turn + 1)
        for sample in read_samples(self._fetch, found, decoder.fed, end):
            wanted = self._take(cursor, decoder.feed(sample), turn) or wanted
        while wanted is None and decoder.fed < samples:
            # Out of order: it comes when those are known that are shown before it.
            try:
                (sample,) = read_samples(self._fetch, found, decoder.fed, decoder.fed + 1)
            except ArchiveCorrupt:
                break  # nothing that this picture is made of
            wanted = self._take(cursor, decoder.feed(sample), turn)
        if wanted is None:
            wanted = self._take(cursor, decoder.finish(), turn)
            if wanted is None:
                raise CorruptImage(f"sample {turn} gave no picture", format=found.segment.codec)
            return wanted  # a finished decoder takes no more
        cursor.decoder = decoder
        return wanted

    def _take(self, cursor: _Cursor, made: list[Decoded], turn: int) -> Decoded | None:
        wanted = None
        for each in made:
            cursor.given.add(each.order)
            if each.order == turn:
                wanted = each
            if cursor.asked > 1:
                self._keep(cursor, each)
        return wanted

    def _keep(self, cursor: _Cursor, decoded: Decoded) -> None:
        room = self._reserve(cursor, decoded.nbytes)
        if not room and cursor.kept:
            # The later ones are worth more: who goes back step by step asks for them first.
            oldest = cursor.kept.pop(next(iter(cursor.kept)))
            room = self._reserve(cursor, decoded.nbytes - oldest.nbytes)
        if room:
            cursor.kept[decoded.order] = decoded

    def _reserve(self, cursor: _Cursor, nbytes: int) -> bool:
        with self._lock:
            # Several channels played side by side would else take each other's decoders away at every step.
            old = self._give_way(nbytes, cursor.asked_before)
            room = cursor.cached and self._bytes + nbytes <= self._max_bytes
            if room:
                self._bytes += nbytes
                cursor.nbytes += nbytes
        del old  # outside of the lock
        return room

    def _enter(self, found: Found) -> _Cursor:
        key = (found.segment.id, found.gop.offset)
        own = found.segment.width * found.segment.height * 3 // 2 * _OWN_PICTURES
        with self._lock:
            cursor = self._cursors.get(key)
            old: list[_Cursor] = []
            if cursor is None:
                cursor = _Cursor(key)
                old = self._give_way(own, self._asked)
                if self._bytes + own <= self._max_bytes:
                    cursor.cached, cursor.nbytes = True, own
                    self._bytes += own
                    self._cursors[key] = cursor
            else:
                self._cursors.move_to_end(key)
            cursor.users += 1
            cursor.asked += 1
            self._asked += 1
            cursor.asked_before, cursor.asked_last = cursor.asked_last, self._asked
        del old  # outside of the lock
        return cursor

    def _leave(self, cursor: _Cursor) -> None:
        with self._lock:
            cursor.users -= 1

    def _give_way(self, nbytes: int, until: int) -> list[_Cursor]:
        """Forgets what was not asked for longest until there is room for ``nbytes``; with the lock held.

        Nothing that was asked for later than the call ``until`` of all.
        """
        old = []
        for key, each in list(self._cursors.items()):
            if self._bytes + nbytes <= self._max_bytes or each.asked_last > until:
                break
            if not each.users:
                old.append(self._cursors.pop(key))
                self._bytes -= each.nbytes
        return old


class _Cursor:
    """One group's: ``given`` are the pictures that the decoder has brought out, ``kept`` those still here."""

    __slots__ = (
        "asked",
        "asked_before",
        "asked_last",
        "cached",
        "decoder",
        "given",
        "kept",
        "key",
        "lock",
        "nbytes",
        "users",
    )

    def __init__(self, key: _Key) -> None:
        self.key = key
        self.lock = threading.Lock()
        self.decoder: BareDecoder | None = None
        self.given: set[int] = set()
        self.kept: dict[int, Decoded] = {}
        self.cached = False
        self.nbytes = self.users = 0
        self.asked = self.asked_last = self.asked_before = 0
