"""The last picture of each channel, for callers who accept one of some age."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rushes.shots.files import encoded, kind_for, readable

if TYPE_CHECKING:
    from rushes.frame import Frame
    from rushes.shots.request import Picture

__all__ = ["Recent"]

LOG = logging.getLogger("rushes.shots")


@dataclass(slots=True, eq=False)
class _Kept:
    """One picture, and the files that were made of it by kind."""

    picture: Picture
    made: dict[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        content = self.picture.content
        return _size(content) + sum(_size(data) for data in self.made.values() if data is not content)


class Recent:
    """Remembers at most ``most`` pictures of together at most ``most_bytes``. Any thread may call."""

    def __init__(self, most: int = 64, most_bytes: int = 64 << 20) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """What is remembered, in bytes."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, channel: str, figures: bool, picture: Picture, data: bytes, suffix: str) -> None:
        """Remembers a picture by ``data``, the file of kind ``suffix`` that it was wanted as; nothing is encoded
        for the memory alone.

        The least recently kept channels go when there are too many, and one that is too large for all the room is
        not kept.
        """
        kind = kind_for(suffix)
        content: Frame | bytes = data
        if not readable(kind):
            content = picture.content
            if _size(content) + len(data) > self._most_bytes:
                return
            if not isinstance(content, bytes):
                # Its own copy: the array may be somebody's slot, or be painted over.
                try:
                    content = replace(content, array=content.array.copy())
                except MemoryError:
                    return
        kept = _Kept(replace(picture, content=content, source="cache"), {kind: data})
        if kept.size > self._most_bytes:
            return
        with self._lock:
            before = self._remove((channel, figures))
            if before is not None and before.picture.captured_ns >= picture.captured_ns:
                if before.picture.captured_ns == picture.captured_ns:
                    before.made.setdefault(kind, data)
                kept = before
            self._add((channel, figures), kept)

    def find(
        self, channel: str, figures: bool, not_before_ns: int, suffix: str
    ) -> tuple[Picture, bytes] | None:
        """What was captured since then, and its file of that kind, made now if nobody wanted that before."""
        with self._lock:
            kept = self._kept.get((channel, figures))
        if kept is None or kept.picture.captured_ns < not_before_ns:
            return None
        kind = kind_for(suffix)
        data = kept.made.get(kind)
        if data is None:
            try:
                data = encoded(kept.picture, kind)
            except Exception as error:  # noqa: BLE001  whatever is wrong with it, the channel can still be asked for another
                LOG.warning("the remembered picture of %s cannot be made a %s: %s", channel, kind, error)
                return None
            with self._lock:
                if self._kept.get((channel, figures)) is kept:
                    self._remove((channel, figures))
                    kept.made[kind] = data
                    self._add((channel, figures), kept)
        return kept.picture, data

    # With the lock held.

    def _add(self, key: tuple[str, bool], kept: _Kept) -> None:
        self._kept[key] = kept
        self._bytes += kept.size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._remove(next(iter(self._kept)))

    def _remove(self, key: tuple[str, bool]) -> _Kept | None:
        kept = self._kept.pop(key, None)
        self._bytes -= 0 if kept is None else kept.size
        return kept


def _size(content: Frame | bytes) -> int:
    return len(content) if isinstance(content, bytes) else int(content.array.nbytes)
