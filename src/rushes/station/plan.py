"""What a station is to run (pure)."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ChannelPlan", "Plan", "StreamPlan", "channels_from", "depot_shape"]

CARD = "testcard:1280x720@30"
_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)
# A station goes on until it is told to end, so what it plays does too.
_OPTIONS: Mapping[str, Mapping[str, bool | int | float | str]] = {"file": {"loop": True}}


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """One source and who reads it. i420, because it is half of bgr24 and what JPEG and H.264 are made from."""

    name: str = "card"
    uri: str = CARD
    fps: float | None = None
    format: str = "i420"
    slots: int = 16
    readers: tuple[str, ...] = ("reader 1", "reader 2")
    options: Mapping[str, bool | int | float | str] = field(default_factory=dict)

    @property
    def scheme(self) -> str:
        """The kind of source."""
        return self.uri.partition(":")[0]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Where all channels are streamed, each as a track of its name; ``keys`` and ``insecure`` as for any streamer."""

    endpoint: str
    keys: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run; a test card unless told otherwise."""

    station: str = field(default_factory=lambda: f"rushes-up-{os.getpid()}")
    channels: tuple[ChannelPlan, ...] = (ChannelPlan(),)
    archive: str | None = None
    """The folder that all channels are recorded into; None: they are not."""
    archive_bytes: int | None = None
    stream: StreamPlan | None = None
    """None: nothing is streamed."""

    def depot(self, channel: ChannelPlan) -> str:
        """The name of a channel's depot."""
        return f"{self.station}-{channel.name}"


def channels_from(sources: Iterable[str]) -> tuple[ChannelPlan, ...]:
    """A channel for each "NAME=URI" or "URI"; those without a name are cam1, cam2 and so on.

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
        scheme = uri.partition(":")[0]
        found.append(ChannelPlan(name, uri, options=_OPTIONS.get(scheme, {})))
    twice = [name for name, count in Counter(each.name for each in found).items() if count > 1]
    if twice:
        raise ConfigError(f"two sources are called {twice[0]!r}; give each its own NAME=…", option="--source")
    return tuple(found)


def depot_shape(width: int, height: int, format: str) -> tuple[int, ...]:
    """The array shape of a depot for pictures of that size; i420 loses an odd last row or column."""
    if format == "i420":
        return height // 2 * 3, width // 2 * 2
    return (height, width) if format == "gray8" else (height, width, 4 if format == "bgra" else 3)
