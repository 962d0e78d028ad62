"""The hub: a NATS server that is started, kept alive and ended with the program that needs it.

One thread starts and watches it: the kernel kills the server when the very thread that started it ends, so that no
death of the program leaves one behind. Exit: that thread is a daemon, and the exit closes the hub first. Fork: the
child has no such thread, so there the hub only says that it is closed.
"""

from __future__ import annotations

import atexit
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError, WireError
from rushes.lifecycle import ProcessBound
from rushes.wire import hub_roles
from rushes.wire.hub_config import LOG, Settings, render, server_host
from rushes.wire.hub_disk import Disk
from rushes.wire.hub_keeper import Keeper
from rushes.wire.hub_lock import FolderLock
from rushes.wire.hub_process import ServerProcess, write_config
from rushes.wire.hub_server import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.hub_config import Cluster
    from rushes.wire.hub_roles import Credentials

__all__ = ["Hub", "HubStats"]

_CONFIG = "hub.conf"


@dataclass(frozen=True, slots=True)
class HubStats:
    """How a hub is: whether its server serves now, its process id or None, and how often it was started again."""

    up: bool
    pid: int | None
    restarts: int


class Hub(ProcessBound):
    """A NATS server with JetStream at ``endpoint``, its store in ``folder``, up when this returns.

    ``folder`` is this hub's alone, and what is stored there outlives it. It keeps at most ``max_bytes`` of
    messages, for which there must be room: a publish beyond is refused. ``keys`` is the folder that
    ``rushes keys new`` makes: passwords by role and TLS, with ``mutual`` certificates of clients as well; anywhere
    but on loopback they are needed, unless ``insecure=True``. With ``streams`` the roles reach those streams only.
    ``cluster`` makes it one node of several, which serve once most of them are up. ``monitor_port`` opens the
    server's own pages on loopback.

    A server that dies is started again at the same port, at once at first, then ever later; one that dies five
    times in 10 s is given up. ``on_event(what, detail)`` is called on the hub's own thread and must be quick:
    ("up", None) whenever it serves, ("down", cause) when it died, ("full", WireError) when its disk was full, after
    which it takes nothing until there is room, ("failed", WireError with its last words) when it was given up.

    ConfigError for what cannot be used, also a ``folder`` that another hub has; MissingExtra without a server
    program; WireError when the server cannot start, as on a port that is taken.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        folder: str | os.PathLike[str],
        keys: str | os.PathLike[str] | None = None,
        insecure: bool = False,
        max_bytes: int = 1 << 30,
        cluster: Cluster | None = None,
        streams: Iterable[str] = (),
        mutual: bool = False,
        monitor_port: int | None = None,
        on_event: Callable[[str, Any], object] | None = None,
    ) -> None:
        super().__init__()
        _check(endpoint, keys, insecure, mutual)
        self.name = endpoint.shown
        self._folder, self._keys = _own_folder(folder), keys
        access = None if keys is None else hub_roles.access(keys, mutual=mutual)
        if access is not None and cluster is not None and not endpoint.all_interfaces:
            hub_roles.check_hosts(access, server_host(endpoint.host))
        self._settings = Settings(
            host=endpoint.host,
            port=endpoint.port or 0,
            folder=self._folder,
            max_bytes=max_bytes,
            access=access,
            cluster=cluster,
            streams=tuple(streams),
            monitor_port=monitor_port,
        )
        render(self._settings)  # what is wrong with the options is said before anything is started
        bound = server_host(endpoint.host)
        self._host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)
        self._program = find()
        self._lock = FolderLock(self._folder)
        try:
            _check_room(self._folder, max_bytes)
        except BaseException:  # whatever it is, the folder is free again
            self._lock.release()
            raise
        # The keeper gives the folder back, not the close: one from within a callback must not do so before the
        # server has ended.
        self._disk = Disk(self._folder, self._folder / LOG)
        tell, port = on_event or _nothing, self._settings.port
        self._keeper = Keeper(self.name, self._launch, port, self._disk, tell, self._lock.release)
        self._keeper.open()
        atexit.register(self.close)

    @property
    def port(self) -> int:
        """Where it listens, also when 0 was asked for."""
        return self._keeper.port

    @property
    def url(self) -> str:
        """How clients on this machine reach it, without any secret: ``nats://…``, and ``tls://…`` with keys."""
        scheme = "nats" if self._keys is None else "tls"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self.port}"

    @property
    def error(self) -> WireError | None:
        """Why its server was given up; None while it was not."""
        return self._keeper.error

    def credentials(self, role: str) -> Credentials:
        """What a client connects with in this role: "streamer", "worker", "receiver", "viewer" or "admin".

        UnknownName for another one; ClosedError after the close.
        """
        self._check_open()
        return hub_roles.credentials(self._keys, role)

    def stats(self) -> HubStats:
        """How it is now. ClosedError after the close."""
        self._check_open()
        keeper = self._keeper
        return HubStats(up=keeper.up, pid=keeper.pid, restarts=max(0, keeper.starts - 1))

    def check(self) -> None:
        """Returns when nothing stands in its way. WireError with the reason when its server was given up, is down just
        now, or has no room left on its disk, where it leaves publishes without an answer. ClosedError after the close.
        """
        self._check_open()
        if self.error is not None:
            raise self.error
        if not self._keeper.up:
            raise WireError(f"the server of {self.name} is being started again", endpoint=self.name)
        if self._keeper.full is not None or not self._disk.roomy:
            raise WireError(
                f"{self.name} has no room left: free some on the disk of {self._folder}", endpoint=self.name
            )

    def __repr__(self) -> str:
        return f"Hub({self.url!r}, folder={str(self._folder)!r})"

    def _launch(self, port: int) -> ServerProcess:
        config = self._folder / _CONFIG
        write_config(config, render(replace(self._settings, port=port)))
        return ServerProcess(self._folder, [str(self._program.path), "-c", str(config)], fds=(self._lock.fd,))

    def _close(self) -> None:
        atexit.unregister(self.close)
        self._keeper.close()


def _check(endpoint: Endpoint, keys: str | os.PathLike[str] | None, insecure: bool, mutual: bool) -> None:
    if endpoint.scheme != "tcp":
        raise ConfigError(f"a hub binds tcp://host:port, not {endpoint.shown}", option="endpoint")
    if endpoint.options:
        raise ConfigError(f"a hub takes no options in its address: {endpoint.shown}", option="endpoint")
    if keys is None and not insecure and not endpoint.loopback:
        raise ConfigError(
            f"{endpoint.shown} can be reached from other machines: give keys= (`rushes keys new DIR` makes them), or"
            " insecure=True to let everybody in",
            option="keys",
        )
    if mutual and keys is None:
        raise ConfigError("mutual=True needs keys=: without them there are no certificates", option="mutual")


def _check_room(folder: Path, max_bytes: int) -> None:
    """A store that the disk has no room for is refused: it would end in publishes that nobody answers."""
    store = folder / "store"
    stored = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    room = shutil.disk_usage(folder).free + stored
    if room < max_bytes:
        raise ConfigError(
            f"{folder} has room for {room} bytes, not for max_bytes={max_bytes}: free some, or give a smaller one",
            option="max_bytes",
        )


def _own_folder(folder: str | os.PathLike[str]) -> Path:
    place = Path(folder).absolute()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = place.stat()
    except OSError as error:
        raise ConfigError(f"cannot use {place}: {error.strerror}", option="folder") from error
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise ConfigError(
            f"{place} must be yours, and written by nobody else: chmod 700 {place}", option="folder"
        )
    return place


def _nothing(what: str, detail: object) -> None:
    return None
