"""Pictures out of what a mapping names: depots, sources, archives, callables, a station's channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, FrameError, SourceUnavailable
from rushes.shots import of_depot
from rushes.shots.backends import Hostless, no_channel
from rushes.shots.of_frame import check_fresh, of_frame
from rushes.shots.of_source import LiveSources
from rushes.shots.request import Picture, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rushes.frame import Frame
    from rushes.shots.request import Ask

__all__ = ["MappedBackend", "of_archive"]


class MappedBackend(Hostless):
    """Answers from ``channels``: name → Depot, Source, Archive, callable, or a station's channel.

    The mapping is read at each call, so channels may come and go. Raises ConfigError at once for a value
    that is none of these.
    """

    def __init__(self, channels: Mapping[str, Any]) -> None:
        self._channels = channels
        self._sources = LiveSources(channels)
        for name, thing in channels.items():
            _kind_of(name, thing)

    def find(self, channel: str) -> Place:
        """As the protocol says."""
        self._sources.prune()
        if channel not in self._channels:
            raise no_channel(channel, self._channels)
        kind = _kind_of(channel, self._channels[channel])
        return Place.named(channel, "local", keeps_time=kind in ("depot", "station channel"))

    def take(self, ask: Ask) -> Picture:
        """As the protocol says; a callable that hangs, hangs here."""
        thing = self._channels.get(ask.channel)
        if thing is None:
            raise no_channel(ask.channel, self._channels)
        match _kind_of(ask.channel, thing):
            case "station channel":
                return _of_station(thing, ask)
            case "archive":
                return of_archive(thing, ask)
            case "depot":
                return _of_depot(thing, ask)
            case "source":
                return self._sources.take(thing, ask)
            case _:
                return _of_callable(thing, ask)

    def close(self) -> None:
        """Lets go of the sources it was reading; they stay open, they are the caller's."""
        self._sources.close()


def _kind_of(name: str, thing: Any) -> str:
    if hasattr(thing, "depot") and hasattr(thing, "shot"):
        return "station channel"
    if hasattr(thing, "frame_at"):
        return "archive"
    if hasattr(thing, "newest") and hasattr(thing, "next"):
        return "depot"
    if hasattr(thing, "__iter__") and hasattr(thing, "info"):
        return "source"
    if callable(thing):
        return "callable"
    raise ConfigError(
        f"channel {name!r} cannot be a {type(thing).__name__}: pass a depot, a source, an archive or a callable",
        option="channels",
    )


def _of_station(channel: Any, ask: Ask) -> Picture:
    depot, archive = channel.depot, getattr(channel, "archive", None)
    if ask.dt is None or archive is None:
        if depot is None:
            raise SourceUnavailable(f"{ask.channel}: its source is not open yet", uri=ask.channel)
        return _of_depot(depot, ask)
    # The newest second is in the depot before it is in a file, and needs no decoding there.
    held = None if depot is None else of_depot.sure_of_moment(depot, ask)
    return of_archive(archive, ask) if held is None else held


def _of_depot(depot: Any, ask: Ask) -> Picture:
    return of_depot.newest(depot, ask) if ask.dt is None else of_depot.of_moment(depot, ask)


def of_archive(archive: Any, ask: Ask) -> Picture:
    """The picture of the moment; of now, the newest that was recorded."""
    if ask.dt is None:
        newest = archive.frame_at(ask.channel, SYSTEM.wall_ns() / 1e9, exact=False, figures=ask.figures)
        frame: Frame = newest
    else:
        frame = archive.frame_at(ask.channel, ask.dt, figures=ask.figures)
    check_fresh(frame.captured_ns, ask)
    # The archive drew the figures itself: drawing again would thicken every line.
    return Picture(frame, frame.captured_ns, frame.number, "archive", ask.figures and bool(frame.figures))


def _of_callable(call: Callable[[Any], Any], ask: Ask) -> Picture:
    began_ns = SYSTEM.wall_ns()
    given = call(ask.dt)
    if isinstance(given, bytes | bytearray | memoryview):
        # Nobody knows when it was captured: not before the call for now, at the moment for then.
        captured_ns = began_ns if ask.dt is None else ask.moment_ns
        return Picture(bytes(given), captured_ns, None, "live" if ask.dt is None else "archive")
    if not hasattr(given, "captured_ns") or not hasattr(given, "array"):
        raise FrameError(
            f"{ask.channel}: the callable gave {type(given).__name__}, not a Frame or JPEG bytes"
        )
    check_fresh(given.captured_ns, ask)
    return of_frame(given, ask, "live" if ask.dt is None else "archive")
