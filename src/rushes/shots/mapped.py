"""Pictures out of what a mapping names: depots, sources, archives, callables, a station's channels."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import (
    ConfigError,
    DeadlineExceeded,
    FrameError,
    JobCancelled,
    NoSuchMoment,
    SourceLost,
    SourceUnavailable,
)
from rushes.shots.backends import no_channel
from rushes.shots.request import Picture, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rushes.frame import Frame
    from rushes.shots.request import Ask, Origin

__all__ = ["MappedBackend"]

_NEAR_NS = 2_000_000_000
"""A depot answers for moments at most this long after its newest frame, as an archive does by default."""


class MappedBackend:
    """Answers from ``channels``: name → Depot, Source, Archive, callable, or a station's channel.

    The mapping is read at each call, so channels may come and go. Raises ConfigError at once for a value
    that is none of these.
    """

    def __init__(self, channels: Mapping[str, Any]) -> None:
        self._channels = channels
        self._lock = threading.Lock()
        self._sources: dict[int, _LiveSource] = {}
        for name, thing in channels.items():
            _kind_of(name, thing)

    def find(self, channel: str) -> Place:
        """As the protocol says."""
        if channel not in self._channels:
            raise no_channel(channel, self._channels)
        kind = _kind_of(channel, self._channels[channel])
        named = {
            "channel.name": channel,
            "channel.guid": channel,
            "server.name": "local",
            "server.guid": "local",
        }
        return Place(channel, named, keeps_time=kind in ("depot", "station channel"))

    def take(self, ask: Ask) -> Picture:
        """As the protocol says; a callable that hangs, hangs here."""
        thing = self._channels.get(ask.channel)
        if thing is None:
            raise no_channel(ask.channel, self._channels)
        match _kind_of(ask.channel, thing):
            case "station channel":
                return self._of_station(thing, ask)
            case "archive":
                return _of_archive(thing, ask)
            case "depot":
                return _of_depot(thing, ask)
            case "source":
                return self._of_source(thing, ask)
            case _:
                return _of_callable(thing, ask)

    def folder(self) -> Path:
        """``screenshots`` in the folder that the program runs in."""
        return Path.cwd() / "screenshots"

    def new_guid(self) -> str:
        """As the protocol says."""
        return secrets.token_urlsafe(12)

    @property
    def deliver(self) -> None:
        """None: there is no thread of the user's to prefer."""
        return None

    def close(self) -> None:
        """Lets go of the sources it was reading; they stay open, they are the caller's."""
        with self._lock:
            self._sources.clear()

    def _of_station(self, channel: Any, ask: Ask) -> Picture:
        past = ask.dt is not None and getattr(channel, "archive", None) is not None
        return _of_archive(channel.archive, ask) if past else _of_depot(channel.depot, ask)

    def _of_source(self, source: Any, ask: Ask) -> Picture:
        if ask.dt is not None:
            raise _no_past(ask, "a live source")
        with self._lock:
            live = self._sources.setdefault(id(source), _LiveSource(source))
        return live.take(ask)


class _LiveSource:
    """One iteration over a source, shared by all shots of it: a source allows one at a time."""

    def __init__(self, source: Any) -> None:
        self._source = source  # also keeps its id from being given to another object
        self._turn = threading.Lock()
        self._frames: Iterator[Frame] | None = None

    def take(self, ask: Ask) -> Picture:
        if not self._turn.acquire(timeout=ask.timeout_s):
            raise DeadlineExceeded(
                f"{ask.channel}: the source gave nothing to an earlier shot either", timeout_s=ask.timeout_s
            )
        try:
            return self._next(ask)
        finally:
            self._turn.release()

    def _next(self, ask: Ask) -> Picture:
        if self._frames is None:
            self._frames = iter(self._source)
        try:
            for frame in self._frames:
                if ask.token.cancelled:
                    break  # the iteration goes on for whoever comes next
                if frame.captured_ns >= ask.not_before_ns:
                    return _of_frame(frame, ask, "live")
        except BaseException:  # a broken iteration gives nothing more; the next shot begins another
            self._frames = None
            raise
        _check_wanted(ask)
        self._frames = None
        raise SourceLost(f"{ask.channel}: the source has no more frames", uri=ask.channel)


def _check_wanted(ask: Ask) -> None:
    """Raises JobCancelled when nobody wants the shot any more: that says nothing about the channel."""
    if ask.token.cancelled:
        raise JobCancelled(f"{ask.channel}: nobody waits for this shot any more", reason="on request")


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


def _of_archive(archive: Any, ask: Ask) -> Picture:
    if ask.dt is None:
        newest = archive.frame_at(ask.channel, SYSTEM.wall_ns() / 1e9, exact=False, figures=ask.figures)
        frame: Frame = newest
    else:
        frame = archive.frame_at(ask.channel, ask.dt, figures=ask.figures)
    _check_fresh(frame.captured_ns, ask)
    # The archive drew the figures itself: drawing again would thicken every line.
    return Picture(frame, frame.captured_ns, frame.number, "archive", ask.figures and bool(frame.figures))


def _of_depot(depot: Any, ask: Ask) -> Picture:
    if ask.dt is not None:
        return _of_frame(_frame_before(depot, ask), ask, "live")
    end_s = time.monotonic() + ask.timeout_s
    lease = depot.newest()
    while lease is None or lease.captured_ns < ask.not_before_ns:
        after = -1 if lease is None else lease.sequence
        if lease is not None:
            lease.release()
        # In slices, so that a cancelled shot leaves its worker soon though nothing comes any more.
        left_s = end_s - time.monotonic()
        lease = depot.next(after, timeout_s=max(0.0, min(left_s, 0.2)))
        if ask.token.cancelled or left_s <= 0:
            if lease is not None:
                lease.release()
            _check_wanted(ask)
            raise DeadlineExceeded(
                f"{ask.channel}: no frame came within {ask.timeout_s:g} s", timeout_s=ask.timeout_s
            )
    with lease:
        return _of_frame(lease.copy(), ask, "live")


def _frame_before(depot: Any, ask: Ask) -> Frame:
    """The newest frame at or before the moment, out of the few that the depot holds."""
    found: Frame | None = None
    after_ns: int | None = None
    lease = depot.oldest()
    while lease is not None:
        with lease:
            sequence, captured_ns = lease.sequence, lease.captured_ns
            if captured_ns > ask.moment_ns:
                after_ns = captured_ns
                break
            if depot.head == sequence or _next_is_later(depot, sequence, ask.moment_ns):
                found = lease.copy()
        lease = depot.next(sequence, timeout_s=0)
    if found is None or (after_ns is None and ask.moment_ns - found.captured_ns > _NEAR_NS):
        before_ns = None if found is None else found.captured_ns
        raise NoSuchMoment(
            f"{ask.channel}: the depot holds no frame of that moment",
            before_ns=before_ns,
            after_ns=after_ns,
            channel=ask.channel,
        )
    return found


def _next_is_later(depot: Any, sequence: int, moment_ns: int) -> bool:
    lease = depot.next(sequence, timeout_s=0)
    if lease is None:
        return True
    with lease:
        return bool(lease.captured_ns > moment_ns)


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
    _check_fresh(given.captured_ns, ask)
    return _of_frame(given, ask, "live" if ask.dt is None else "archive")


def _of_frame(frame: Frame, ask: Ask, source: Origin) -> Picture:
    drawn = ask.figures and bool(frame.figures)
    return Picture(frame.draw() if drawn else frame, frame.captured_ns, frame.number, source, drawn)


def _check_fresh(captured_ns: int, ask: Ask) -> None:
    if captured_ns < ask.not_before_ns:
        age_s = (SYSTEM.wall_ns() - captured_ns) / 1e9
        raise SourceUnavailable(f"{ask.channel}: its newest frame is {age_s:.3f} s old", uri=ask.channel)


def _no_past(ask: Ask, what: str) -> NoSuchMoment:
    return NoSuchMoment(
        f"{ask.channel} is {what}: it keeps no past, so ask it without dt", channel=ask.channel
    )
