"""Whom an endpoint means: a hub that is started here, one that is there already, or the others on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError, PeerGone, WireError
from rushes.lifecycle import Closeable
from rushes.stream.work.near_link import SCHEMES, NearLink, check_keys
from rushes.wire import hub_roles
from rushes.wire.hub import Hub
from rushes.wire.hub_sweep import PREFIX, sweep
from rushes.wire.jetstream import JetLink

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.wire.endpoint import Endpoint

__all__ = ["MAIN", "HubEnd", "same_place", "state_folder", "stream_of"]

MAIN = "main"
"""The stream of a hub that was named by host and port alone."""

# A folder that is locked is that of a hub which is there, or will be again; a port may be anybody's.
_LOCKED_S, _TAKEN_S = 10.0, 2.0


def stream_of(endpoint: Endpoint) -> str:
    """The stream an endpoint means."""
    return MAIN if endpoint.scheme in SCHEMES else endpoint.name or MAIN


def same_place(one: Endpoint, other: Endpoint) -> bool:
    """Whether both mean one link, for frames and for results."""
    near = one.scheme in SCHEMES and other.scheme in SCHEMES
    return one.name == other.name if near else one == other


def state_folder() -> Path:
    """Where hubs and receivers keep what outlives them: ``$XDG_STATE_HOME/rushes``, by default ~/.local/state."""
    home = os.environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".local" / "state") / "rushes"


class HubEnd(Closeable):
    """A link to the hub of ``endpoint`` in a ``role``, and with ``bind`` the hub itself.

    A tcp endpoint that is bound starts a hub there, whose store is under :func:`state_folder` (in a temporary folder
    when the port is 0), or joins the one that another program of this user has started there. nats and tls
    endpoints name a server that is there already; nothing is started. ipc and shm endpoints need none: the
    link leads to others on this machine, and ``near`` is true. ``jet`` is the link to a hub.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        role: str,
        *,
        bind: bool,
        keys: str | os.PathLike[str] | None,
        insecure: bool,
        on_event: Callable[[str, Any], object],
        window: int = 16,
    ) -> None:
        super().__init__()
        self.name, self.stream = endpoint.shown, stream_of(endpoint)
        self._temporary: str | None = None
        # Where others look for the lock of a hub at this port: who comes while its server is started again must not
        # take the port for a hub of its own.
        self._sign: Path | None = None
        self.hub: Hub | None = None
        self.link: Any  # a WorkLink; what else is asked of it is the hub's, and asked by those who know that it is one
        self.near = endpoint.scheme in SCHEMES
        self.up = self.near
        """Whether there is a connection now."""
        if self.near:
            check_keys(endpoint, keys)
            self.link = NearLink(endpoint)
            return
        if bind and endpoint.scheme == "tcp":
            self.hub = self._start(endpoint, role, keys, insecure)
        url = self.hub.url if self.hub is not None else _url(endpoint, keys)

        def heard(what: str, detail: Any) -> None:
            self.up = what == "up" if what in ("up", "down") else self.up
            on_event(what, detail)

        try:
            self.link = self.jet = JetLink(
                [url],
                credentials=None if endpoint.credentials else hub_roles.credentials(keys, role),
                name=f"{role} {self.name}",
                window=window,
                on_event=heard,
            )
        except BaseException:  # whatever it is, the hub must not stay behind
            self._end_hub()
            raise

    @property
    def temporary(self) -> bool:
        """Whether what is in the hub goes with it."""
        return self._temporary is not None

    @property
    def address(self) -> str:
        """Where others reach it."""
        return f"tcp://{self.hub.url.partition('://')[2]}" if self.hub is not None else self.name

    def join_as_drain(self, track: str, source: HubEnd) -> None:
        """Results of that track go here. ConfigError for frames of this machine whose results are to leave it: their
        pixels are not coded.
        """
        if isinstance(self.link, NearLink):
            self.link.join_drain(track, source.link)
        elif source.near:
            raise ConfigError(
                f"results of {source.name} stay on this machine: name ipc:// or shm:// as the drain",
                option="drain",
            )

    def _start(
        self, endpoint: Endpoint, role: str, keys: str | os.PathLike[str] | None, insecure: bool
    ) -> Hub | None:
        home = state_folder()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = home / f"hub-{endpoint.port}"
        if not endpoint.port:
            sweep(Path(tempfile.gettempdir()), home)
            self._temporary = tempfile.mkdtemp(prefix=PREFIX)
            folder = Path(self._temporary)
        elif not folder.exists():
            folder.unlink(
                missing_ok=True
            )  # of a hub whose program was killed, and whose folder was tidied away
        try:
            hub = Hub(endpoint, folder=folder, keys=keys, insecure=insecure, streams=(self.stream,))
        except (WireError, ConfigError) as error:
            if not endpoint.port or not _answers(endpoint, role, keys, _join_s(error)):
                self._end_hub()
                raise
            return None  # another program's, with the same keys
        if not endpoint.port:
            self._sign = home / f"hub-{hub.port}"
            with contextlib.suppress(OSError):
                self._sign.symlink_to(folder)
        return hub

    def _close(self) -> None:
        self.link.close()
        self._end_hub()

    def _end_hub(self) -> None:
        if self.hub is not None:
            self.hub.close()
        if self._sign is not None and self._temporary is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._sign) == self._temporary:
                    self._sign.unlink()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def _url(endpoint: Endpoint, keys: str | os.PathLike[str] | None) -> str:
    host = "127.0.0.1" if endpoint.host in ("*", "0.0.0.0", "localhost") else endpoint.host
    host = f"[{host}]" if ":" in host else host
    if endpoint.scheme == "tcp":
        return f"{'nats' if keys is None else 'tls'}://{host}:{endpoint.port}"
    secret = f"{endpoint.credentials}@" if endpoint.credentials else ""
    return f"{endpoint.scheme}://{secret}{host}:{endpoint.port}"


def _join_s(error: WireError | ConfigError) -> float:
    """How long a hub is waited for where none could be started."""
    if isinstance(error, WireError):
        return _TAKEN_S
    return _LOCKED_S if error.option == "folder" else 0.0


def _answers(endpoint: Endpoint, role: str, keys: str | os.PathLike[str] | None, timeout_s: float) -> bool:
    """Whether a hub that lets us in is there."""
    if not timeout_s:
        return False
    try:
        with JetLink([_url(endpoint, keys)], credentials=hub_roles.credentials(keys, role)) as link:
            link.wait_up(timeout_s)
    except (PeerGone, WireError):
        return False
    return True
