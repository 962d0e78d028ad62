"""Which frames went with their streamer (pure): what no worker has any more, by what all of them say.

Each worker that took frames of a streamer's start tells, once that has ended, which frames it knows of, and which of
them are its own to finish. A frame is lost when everybody who lives has told, nobody has it, and no result came.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushes.wire.near import Frame

__all__ = ["Losses"]

_SILENT_NS = 2_000_000_000
# Who is on the way here may bring what others miss: a worker that connects to a new receiver, say.
_SETTLES_NS = 1_000_000_000
_MOST_SEEN = 16_384
_MOST_GROUPS = 64


_Frames = dict[tuple[int, int], "Frame"]


@dataclass(slots=True, eq=False)
class _Group:
    """One start of a streamer, as one track sees it."""

    since_ns: int = 0
    serving: set[bytes] = field(default_factory=set)
    told: dict[bytes, tuple[_Frames, _Frames]] = field(default_factory=dict)
    left: _Frames = field(default_factory=dict)


def _key(frame: Frame) -> tuple[int, int]:
    return frame.run, frame.index


class Losses:
    """Peers are told apart by whatever bytes the caller has for them. Time is in nanoseconds of any steady clock."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[str, int], _Group] = OrderedDict()
        self._heard: dict[bytes, int] = {}
        self._ids: OrderedDict[str, tuple[str, int, int]] = OrderedDict()
        self._seen: set[tuple[str, int, int]] = set()

    @property
    def pending(self) -> bool:
        """Whether :meth:`due` may have something to say."""
        return any(group.told or group.left for group in self._groups.values())

    def heard(self, peer: bytes, now_ns: int) -> None:
        """It lives."""
        self._heard[peer] = now_ns

    def seen(self, id: str, track: str, run: int, index: int) -> None:
        """A result came, called ``id``."""
        key = track, run, index
        self._ids[id] = key
        self._seen.add(key)
        while len(self._ids) > _MOST_SEEN:
            self._seen.discard(self._ids.popitem(last=False)[1])

    def forget(self, id: str) -> None:
        """It was not kept here."""
        self._seen.discard(self._ids.pop(id, ("", -1, -1)))

    def serves(self, peer: bytes, track: str, desk: int) -> None:
        """It takes frames of that start of a streamer."""
        self._group(track, desk).serving.add(peer)

    def lost(
        self,
        peer: bytes,
        track: str,
        desk: int,
        frames: Iterable[Frame],
        own: Iterable[Frame],
        now_ns: int,
    ) -> None:
        """What it says once that has ended; the last it says counts."""
        group = self._group(track, desk)
        group.since_ns = group.since_ns or now_ns
        group.serving.add(peer)
        group.told[peer] = {_key(each): each for each in frames}, {_key(each): each for each in own}

    def gone(self, peer: bytes) -> None:
        """It has ended: what was its own is nobody's."""
        self._heard.pop(peer, None)
        for group in self._groups.values():
            group.serving.discard(peer)
            for each in group.told.pop(peer, ()):
                group.left.update(each)

    def due(self, now_ns: int) -> list[tuple[str, Frame]]:
        """What is lost, by track and each once, in order."""
        out: list[tuple[str, Frame]] = []
        for (track, desk), group in list(self._groups.items()):
            if not (group.told or group.left) or now_ns - group.since_ns < _SETTLES_NS:
                continue
            alive = {peer for peer in group.serving if now_ns - self._heard.get(peer, 0) < _SILENT_NS}
            if alive - group.told.keys():
                continue
            known, kept = self._known(group, alive)
            for key in sorted(known):
                if key not in kept and (track, *key) not in self._seen:
                    self.seen(f"lost-{key[0]}-{track}-{key[1]}", track, *key)
                    out.append((track, known[key]))
            if all((track, *key) in self._seen for key in known):
                del self._groups[track, desk]
        return out

    def _known(self, group: _Group, alive: set[bytes]) -> tuple[_Frames, set[tuple[int, int]]]:
        """All frames that anybody told of, and which of them somebody has who lives."""
        known, kept = dict(group.left), set[tuple[int, int]]()
        for peer, (frames, own) in group.told.items():
            known |= frames
            known |= own
            if peer in alive:
                kept |= own.keys()
        return known, kept

    def _group(self, track: str, desk: int) -> _Group:
        group = self._groups.setdefault((track, desk), _Group())
        self._groups.move_to_end((track, desk))
        while len(self._groups) > _MOST_GROUPS:
            self._groups.popitem(last=False)
        return group
