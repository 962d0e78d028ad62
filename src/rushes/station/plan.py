"""What a station is to run (pure)."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.station.config_tables import CARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ArchivePlan",
    "ChannelPlan",
    "HubPlan",
    "Meeting",
    "Plan",
    "ShotsPlan",
    "StreamPlan",
    "WebPlan",
    "WorkPlan",
    "channels_from",
    "depot_shape",
    "options_of",
]

_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)
# A station goes on until it is told to end, so what it plays does too.
_OPTIONS: Mapping[str, Mapping[str, bool | int | float | str]] = {"file": {"loop": True}}


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """One source. i420, because it is half of bgr24 and what JPEG and H.264 are made from.

    ``spill``: the folder for what its depot has no room for, where ``when_full`` is "spill". ``copy_from``: the address
    from which the recorder takes it as it is coded; None: it encodes what is in the depot.
    """

    name: str = "card"
    uri: str = CARD
    fps: float | None = None
    format: str = "i420"
    slots: int = 16
    options: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    when_full: str = "drop_oldest"
    record: bool = True
    keep_s: float | None = None
    spill: str | None = None
    copy_from: str | None = None

    @property
    def scheme(self) -> str:
        """The kind of source."""
        return self.uri.partition(":")[0]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Where channels are streamed, each as a track of its name; ``keys`` and ``insecure`` as for any streamer.

    ``channels``: their names; none are all of them.
    """

    endpoint: str
    keys: str | None = None
    insecure: bool = False
    channels: tuple[str, ...] = ()

    def takes(self, channel: str) -> bool:
        """Whether that channel is streamed here."""
        return not self.channels or channel in self.channels


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """Where channels are recorded, and how much is kept there; ``keep_s`` are the channels that differ."""

    folder: str
    max_bytes: int | None = None
    max_age_s: float | None = None
    min_free_bytes: int = 1 << 30
    cold: str | None = None
    keep_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """A function called with each frame of a channel, by ``workers`` processes."""

    name: str
    channel: str
    call: str
    track: str
    workers: int = 1
    timeout_s: float = 2.0
    retries: int = 1


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where those who deal frames out and those who work on them meet, and with which keys."""

    endpoint: str
    keys: str | None = None


@dataclass(frozen=True, slots=True)
class WebPlan:
    """Where the page is. ``asked``: by somebody, so that no other port will do. ``hub``: where it meets those of other
    stations, with the folder ``keys``.
    """

    bind: str
    asked: bool = False
    hub: str | None = None
    keys: str | None = None


@dataclass(frozen=True, slots=True)
class HubPlan:
    """The hub at ``url``, in which workers meet; ``bind``: where it is to be started. None: no such thing."""

    url: str | None = None
    bind: str | None = None


@dataclass(frozen=True, slots=True)
class ShotsPlan:
    """How snapshots are saved."""

    folder: str = "rushes-data/shots"
    template: str = "{channel.name} (%Y.%m.%d %H-%M-%S.%f).jpg"
    pool: int = 10
    timeout_s: float = 10.0
    tries: int = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run; a test card unless told otherwise. None: there is none of that."""

    station: str = field(default_factory=lambda: f"rushes-up-{os.getpid()}")
    channels: tuple[ChannelPlan, ...] = (ChannelPlan(),)
    data: str = "rushes-data"
    memory_bytes: int | None = None
    """The most that all depots may take."""
    archive: ArchivePlan | None = None
    streams: tuple[StreamPlan, ...] = ()
    works: tuple[WorkPlan, ...] = ()
    web: WebPlan | None = None
    hub: HubPlan | None = None
    shots: ShotsPlan = field(default_factory=ShotsPlan)
    keys: str | None = None
    lines: tuple[tuple[str, str, str, str], ...] = ()
    """Its settings as they may be shown: table, key, value, where it is set."""
    notes: tuple[str, ...] = ()
    """What its user is to be told at the start."""

    def depot(self, channel: ChannelPlan) -> str:
        """The name of a channel's depot."""
        return f"{self.station}-{channel.name}"

    def works_of(self, channel: str) -> tuple[tuple[WorkPlan, Meeting], ...]:
        """What is called with the frames of that channel, and where its workers meet: in the hub that was joined, so
        that workers on other machines can take part, or else on this machine.
        """
        hub = None if self.hub is None else self.hub.url
        place, keys = ("ipc://", None) if hub is None else (f"{hub.rstrip('/')}/", self.keys)
        return tuple(
            (each, Meeting(f"{place}{self.station}-{channel}-{each.name}", keys))
            for each in self.works
            if each.channel == channel
        )


def options_of(scheme: str) -> Mapping[str, bool | int | float | str]:
    """What a source of that kind is opened with by a station."""
    return _OPTIONS.get(scheme, {})


def channels_from(sources: Iterable[str]) -> list[dict[str, Any]]:
    """A row of a configuration for each "NAME=URI" or "URI"; those without a name are cam1, cam2 and so on.

    ConfigError for a source without an address, and for two channels of one name.
    """
    found = []
    for number, source in enumerate(sources, start=1):
        named = _NAMED.fullmatch(source)
        name, uri = named.groups() if named else (f"cam{number}", source)
        if ":" not in uri:
            raise ConfigError(
                f'{source!r} is no source; write an address like "screen:" or "rtsp://…", or NAME=ADDRESS',
                option="--source",
            )
        found.append({"name": name, "source": uri})
    twice = [name for name, count in Counter(each["name"] for each in found).items() if count > 1]
    if twice:
        raise ConfigError(f"two sources are called {twice[0]!r}; give each its own NAME=…", option="--source")
    return found


def depot_shape(width: int, height: int, format: str) -> tuple[int, ...]:
    """The array shape of a depot for pictures of that size; i420 loses an odd last row or column."""
    if format == "i420":
        return height // 2 * 3, width // 2 * 2
    return (height, width) if format == "gray8" else (height, width, 4 if format == "bgra" else 3)
