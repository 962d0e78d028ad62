"""Looks at the work that waits in a hub."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rushes.errors import ConfigError
from rushes.lifecycle import Closeable
from rushes.stream.backlog import WorkBacklog
from rushes.stream.relay import hub_stream, hub_url
from rushes.wire import hub_roles
from rushes.wire.endpoint import parse
from rushes.wire.jet_load import LoadLink

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from rushes.wire.jet_load import Load

__all__ = ["BacklogWatch", "work_backlog"]


class BacklogWatch(Closeable):
    """What waits at the hub of ``source``, the endpoint that workers take; ``look()`` as often as you like.

    Without ``tracks`` it is all there are; whoever has the keys of a worker only must name them. ConfigError for what
    names no hub, and for keys that cannot be used.
    """

    def __init__(
        self, source: str, tracks: Sequence[str] | None = None, *, keys: str | os.PathLike[str] | None = None
    ) -> None:
        super().__init__()
        endpoint = parse(source)
        if endpoint.scheme not in ("tcp", "nats", "tls"):
            raise ConfigError(
                f"{endpoint.shown} names no hub, and only a hub counts what waits for workers: use the address of one,"
                " tcp://, nats:// or tls://",
                option="source",
            )
        self.name, self.stream = endpoint.shown, hub_stream(endpoint)
        self._tracks = tracks
        self._before: dict[str, Load] = {}
        self._before_s = 0.0
        role = _role(keys)
        if role == "worker" and tracks is None:
            raise ConfigError(
                "the keys of a worker do not let it ask which tracks there are: name them", option="tracks"
            )
        self._link = LoadLink(
            [hub_url(endpoint, keys)],
            credentials=None if endpoint.credentials else hub_roles.credentials(keys, role),
            name=f"watch {self.name}",
        )

    def look(self) -> tuple[WorkBacklog, ...]:
        """Each track's work now, with the rates since the look before.

        WireError when there is no work of that stream or no such track, PeerGone when the hub does not answer in
        10 s, AccessDenied.
        """
        self._check_open()
        found, now_s = self._link.load(self.stream, self._tracks), time.monotonic()
        before, took_s = self._before, now_s - self._before_s
        self._before, self._before_s = found, now_s
        return tuple(
            _backlog(track, load, before.get(track), took_s) for track, load in sorted(found.items())
        )

    def _close(self) -> None:
        self._link.close()


def work_backlog(
    source: str,
    tracks: Sequence[str] | None = None,
    *,
    keys: str | os.PathLike[str] | None = None,
    watch_s: float = 0.0,
) -> tuple[WorkBacklog, ...]:
    """What waits at the hub of ``source`` now; with ``watch_s`` it is looked at twice, so long apart, and the rates are
    known. As :class:`BacklogWatch`.
    """
    with BacklogWatch(source, tracks, keys=keys) as watch:
        found = watch.look()
        if watch_s > 0:
            time.sleep(watch_s)
            found = watch.look()
        return found


def _backlog(track: str, load: Load, before: Load | None, took_s: float) -> WorkBacklog:
    arriving_per_s = done_per_s = None
    done = _done(load)
    if before is not None and took_s > 0 and before.arrived <= load.arrived:
        arriving_per_s = (load.arrived - before.arrived) / took_s
        done_per_s = max(0, done - _done(before)) / took_s
    return WorkBacklog(
        track=track,
        waiting=load.backlog.waiting,
        in_flight=load.backlog.in_flight,
        oldest_age_s=load.backlog.oldest_age_s,
        stuck=load.backlog.stuck,
        arrived=load.arrived,
        done=done,
        arriving_per_s=arriving_per_s,
        done_per_s=done_per_s,
    )


def _done(load: Load) -> int:
    return max(0, load.arrived - load.backlog.waiting - load.backlog.in_flight - load.backlog.stuck)


def _role(keys: str | os.PathLike[str] | None) -> str:
    """A streamer may ask which tracks there are; a worker's machine has a worker's keys only."""
    if keys is None or (hub_roles.place(keys) / "streamer.token").exists():
        return "streamer"
    return "worker"
