"""Which stations there are, by what they say of themselves (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from rushes.server.answers import StationLink

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rushes.server.answers import ChannelAnswer
    from rushes.server.fleet_words import Here

__all__ = ["SILENT_S", "Known", "Roll"]

SILENT_S = 3.8
"""Who has said nothing for so long is forgotten: three words may be lost."""
_MOST = 64
# Two of one name: the second may take the place of a first that was killed and is not forgotten yet.
_STILL_S = 1.9
_TWICE = 3


@dataclass(frozen=True, slots=True)
class Known:
    """All others at one moment. ``owners``: (station, its own name of the channel) by the name in addresses."""

    stations: tuple[StationLink, ...] = ()
    channels: tuple[ChannelAnswer, ...] = ()
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """Where each station is asked."""


@dataclass(slots=True)
class _Entry:
    here: Here
    heard_s: float
    words: int = 1


class Roll:
    """``name`` and ``run`` are this station's own. ``say`` takes what users are to know, in one line."""

    def __init__(self, id: str, name: str, run: str, say: Callable[[str], object]) -> None:
        self._id, self._name, self.run, self._say = id, name, run, say
        self._entries: dict[str, _Entry] = {}
        self._told: dict[str, str] = {}
        self._full = False

    def hear(self, here: Here, now_s: float) -> bool:
        """A station is there; True when it was not known."""
        if here.id == self._id:
            return False
        entry = self._entries.get(here.id)
        if entry is not None:
            entry.here, entry.heard_s, entry.words = here, now_s, entry.words + 1
            return False
        if len(self._entries) >= _MOST:
            if not self._full:
                self._say(f"more than {_MOST} stations are at the hub: {here.name} is left out")
            self._full = True
            return False
        for id in [id for id, each in self._entries.items() if _replaced(each.here, here)]:
            del self._entries[id]
        self._entries[here.id] = _Entry(here, now_s)
        return True

    def leave(self, id: str) -> None:
        """It said that it goes."""
        self._entries.pop(id, None)

    def known(self, own_channels: Collection[str], now_s: float) -> Known:
        """Who is there now. Of two of one name the one that runs longer counts; who has fallen silent is forgotten."""
        silent = [id for id, each in self._entries.items() if now_s - each.heard_s > SILENT_S]
        for id in silent:
            del self._entries[id]
        self._full = self._full and not silent
        chosen, doubles = self._chosen(now_s)
        stations = [_link(each, each.state, each.channels) for each in chosen]
        stations += [_link(each, "conflict", ()) for each in doubles]
        channels: list[ChannelAnswer] = []
        owners: dict[str, tuple[str, str]] = {}
        for here in chosen:
            for channel in here.channels:
                name = f"{channel.name}_{here.name}"
                if name not in own_channels and name not in owners:
                    owners[name] = (here.name, channel.name)
                    channels.append(msgspec.structs.replace(channel, name=name, station=here.name))
        self._tell(chosen, doubles)
        return Known(tuple(stations), tuple(channels), owners, {each.name: each.id for each in chosen})

    def _chosen(self, now_s: float) -> tuple[list[Here], list[Here]]:
        """(one of each name, those whose name another has), both by name."""
        chosen: dict[str, _Entry] = {}
        doubles: list[Here] = []
        by_age = sorted(
            self._entries.values(),
            key=lambda each: (now_s - each.heard_s > _STILL_S, each.here.started, each.here.id),
        )
        for each in by_age:
            first = chosen.get(each.here.name)
            if each.here.name == self._name:
                if each.here.run != self.run and each.words >= _TWICE and now_s - each.heard_s < _STILL_S:
                    doubles.append(each.here)
            elif first is None:
                chosen[each.here.name] = each
            elif min(first.words, each.words) >= _TWICE and now_s - each.heard_s < _STILL_S:
                doubles.append(each.here)
        found = sorted((each.here for each in chosen.values()), key=lambda here: here.name)
        return found, sorted(doubles, key=lambda here: here.name)

    def _tell(self, chosen: list[Here], doubles: list[Here]) -> None:
        now = {f"station {each.name} joined": f"station {each.name} is gone" for each in chosen}
        for each in doubles:
            where = f" at {each.url}" if each.url else ""
            told = f"another station{where} is called {each.name} too: give it another name, its channels are left out"
            now[told] = f"there is only one station called {each.name} again"
        told_before, self._told = self._told, now
        for begun in now.keys() - told_before.keys():
            self._say(begun)
        for begun in told_before.keys() - now.keys():
            self._say(told_before[begun])


def _replaced(old: Here, new: Here) -> bool:
    """Whether ``new`` is the process that took the place of ``old``."""
    return (old.name, old.run) == (new.name, new.run) and old.begun <= new.begun


def _link(here: Here, state: str, channels: Collection[ChannelAnswer]) -> StationLink:
    return StationLink(name=here.name, url=here.url, state=state, channels=[each.name for each in channels])
