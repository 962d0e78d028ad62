"""A plan on paper: what many cameras on many stations take, by what was measured of a few (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

DAY_S = 86_400
_MIB, _GIB, _TB = 1 << 20, 1 << 30, 1e12
STORED_KB = 500.0
"""What the map-reduce benchmark stores in a hub."""


@dataclass(frozen=True)
class Wish:
    """What is planned. The camera: its picture, and what it is recorded with."""

    cameras: int = 10_000
    stations: int = 200
    width: int = 1920
    height: int = 1080
    fps: float = 15.0
    camera_megabits: float = 4.0
    keep_days: int = 30
    segment_s: int = 60
    slots: int = 16
    replicas: int = 3
    worked_fps: float = 1.0
    worked_kb: float = 100.0
    work_ms: float = 50.0
    watchers: int = 200
    tiles: int = 9
    tile_kb: float = 30.0
    tile_fps: float = 10.0
    hub_stations: int = 50

    @property
    def each(self) -> int:
        """Cameras of one station."""
        return math.ceil(self.cameras / self.stations)


@dataclass(frozen=True)
class Measured:
    """What the plan goes by; None where it was not measured."""

    pixels_s: float | None = None
    station_cores: float | None = None
    channel_cores: float | None = None
    station_mib: float | None = None
    channel_mib: float | None = None
    row_bytes: float | None = None
    insert_us: float | None = None
    lookup_us: float | None = None
    word_kb: float | None = None
    hear_ms: float | None = None
    heard_from: float | None = None
    first_viewer: float | None = None
    more_viewer: float | None = None
    stored_fps: float | None = None


@dataclass(frozen=True)
class Line:
    """One figure of the plan; ``value`` None when something it needs was not measured."""

    what: str
    value: float | None
    unit: str
    how: str = ""


def inputs(wish: Wish, found: Measured) -> list[Line]:
    """What was measured, and what is taken to be so."""
    grown, live, hub = "`growth`", "`live`", "`mapreduce`"
    pixels = None if found.pixels_s is None else found.pixels_s / 1e6
    return [
        Line("picture of the measured channel", pixels, "Mpixel/s", grown),
        Line("a station without channels", found.station_cores, "cores", grown),
        Line("each such channel, captured and recorded", found.channel_cores, "cores", grown),
        Line("memory of a station without channels", found.station_mib, "MiB", grown),
        Line("memory of each channel, its depot left out", found.channel_mib, "MiB", grown),
        Line("index for a group of pictures", found.row_bytes, "bytes", grown),
        Line("adding a group to the longest archive", found.insert_us, "µs", grown),
        Line("finding a moment in the longest archive", found.lookup_us, "µs", grown),
        Line("a station's word of itself, 50 channels", found.word_kb, "kB", grown),
        Line("hearing such a word among the most stations tried", found.hear_ms, "ms", grown),
        Line("a rendition for its first viewer, of a core", found.first_viewer, "%", live),
        Line("each viewer more, of a core", found.more_viewer, "%", live),
        Line(f"pictures of {STORED_KB:.0f} kB that one hub stores", found.stored_fps, "frames/s", hub),
        Line("cameras", wish.cameras, "", "the plan"),
        Line("stations", wish.stations, "", "the plan"),
        Line(
            f"picture of a camera, {wish.width}x{wish.height} at {wish.fps:g}",
            _pixels(wish),
            "Mpixel/s",
            "taken",
        ),
        Line("what a camera is recorded with", wish.camera_megabits, "Mbit/s", "taken"),
        Line("kept", wish.keep_days, "days", "taken"),
        Line(
            f"frames of each camera that are worked on, {wish.worked_kb:g} kB each",
            wish.worked_fps,
            "a second",
            "taken",
        ),
        Line("a worker's time for one", wish.work_ms, "ms", "taken"),
        Line(
            f"people who watch {wish.tiles} tiles of {wish.tile_kb:g} kB at {wish.tile_fps:g}",
            wish.watchers,
            "",
            "taken",
        ),
    ]


def station(wish: Wish, found: Measured) -> list[Line]:
    """One station of the plan."""
    each, written = wish.each, wish.each * wish.camera_megabits / 8
    ratio = None if found.pixels_s is None else _pixels(wish) * 1e6 / found.pixels_s
    depots = each * wish.slots * wish.width * wish.height * 1.5 / _GIB
    own = _sum(_over(found.station_mib, 1024), _times(found.channel_mib, each / 1024))
    index_day = _times(found.row_bytes, each * DAY_S / _GIB)
    return [
        Line("cameras", each, ""),
        Line(
            "cores", _sum(found.station_cores, _times(found.channel_cores, ratio, each)), "cores", "by pixels"
        ),
        Line("memory of its processes", own, "GiB"),
        Line("memory of its depots", depots, "GiB", f"{wish.slots} frames of each camera"),
        Line("written to disk", written, "MB/s"),
        Line("recordings of a day", written * 1e6 * DAY_S / _TB, "TB"),
        Line("recordings kept", written * 1e6 * DAY_S * wish.keep_days / _TB, "TB"),
        Line("files kept", each * wish.keep_days * DAY_S / wish.segment_s / 1e6, "million"),
        Line("index of a day", index_day, "GiB", "a group of pictures a second"),
        Line("index kept", _times(index_day, wish.keep_days), "GiB"),
        Line("adding to the index, of a core", _times(found.insert_us, each / 1e4), "%"),
    ]


def together(wish: Wish, found: Measured) -> list[Line]:
    """All of the plan: what meets in hubs, and what passes between machines."""
    hubs = math.ceil(wish.stations / wish.hub_stations)
    work_mb = wish.cameras * wish.worked_fps * wish.worked_kb / 1e3
    stored_mb = _times(found.stored_fps, STORED_KB / 1e3)
    in_one, in_part = wish.stations, wish.hub_stations
    words = {n: _times(found.word_kb, n * (n - 1) / 1e3) for n in (in_one, in_part)}
    shown = wish.watchers * wish.tiles
    renditions = min(shown, wish.cameras)
    more = _times(found.more_viewer, (shown - renditions) / 100)
    return [
        Line(
            "recordings kept",
            wish.cameras * wish.camera_megabits / 8 * 1e6 * DAY_S * wish.keep_days / 1e15,
            "PB",
        ),
        Line(
            "cameras to the network, if all were recorded elsewhere",
            wish.cameras * wish.camera_megabits / 1e3,
            "Gbit/s",
        ),
        Line("frames to be worked on", work_mb, "MB/s", "into hubs, and out again"),
        Line("hubs for these, without replicas", _up(_over(work_mb, stored_mb)), "hubs", "by bytes"),
        Line(
            "the same with each frame on three", _up(_over(_times(work_mb, wish.replicas), stored_mb)), "hubs"
        ),
        Line("cores of workers", wish.cameras * wish.worked_fps * wish.work_ms / 1e3, "cores"),
        Line("tiles that are watched", shown, "tiles"),
        Line("network for them", shown * wish.tile_kb * wish.tile_fps / 1e6, "GB/s"),
        Line(
            "cores for them",
            _sum(_times(found.first_viewer, renditions / 100), more),
            "cores",
            "each tile another camera",
        ),
        Line(
            f"words of all {in_one} stations through one hub",
            words[in_one],
            "MB/s",
            "each is heard by all others",
        ),
        Line(f"the same in parts of {in_part}: parts", hubs, ""),
        Line("the same: through the hub of a part", words[in_part], "MB/s"),
        Line(
            "hearing all others at one hub, of a core of each station",
            _times(found.hear_ms, (found.heard_from or 0) / 10),
            "%",
            f"{found.heard_from or 0:g} stations, the most tried",
        ),
    ]


def _pixels(wish: Wish) -> float:
    return wish.width * wish.height * wish.fps / 1e6


def _times(*factors: float | None) -> float | None:
    known = [each for each in factors if each is not None]
    return math.prod(known) if len(known) == len(factors) else None


def _sum(*parts: float | None) -> float | None:
    known = [each for each in parts if each is not None]
    return sum(known) if len(known) == len(parts) else None


def _over(value: float | None, by: float | None) -> float | None:
    return value / by if value is not None and by else None


def _up(value: float | None) -> float | None:
    return None if value is None else float(math.ceil(value))
