"""Where pictures come from: one small protocol, and the choice of who answers it."""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rushes.errors import ConfigError, SourceUnavailable, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushes.shots.request import Ask, Picture, Place

__all__ = ["Backend", "Hostless", "choose", "no_channel"]

_REMEDY = (
    "pass channels= a mapping of names to depots, sources, archives or callables, a station's URL, "
    "or a host object with screenshot_v2"
)


class Backend(Protocol):
    """Gives pictures of channels. Any thread may call; ``take`` is called by several at a time."""

    def find(self, channel: str) -> Place:
        """The channel of that name.

        SourceUnavailable, which is an EnvironmentError, when there is none.
        """
        ...

    def take(self, ask: Ask) -> Picture:
        """The picture asked for.

        May wait, and then looks at ``ask.token``. Raises DeadlineExceeded after ``ask.timeout_s``, any other
        error for what went wrong.
        """
        ...

    def folder(self) -> Path:
        """Where files go when the caller names no folder."""
        ...

    def new_guid(self) -> str:
        """A name for a task that none has had before."""
        ...

    @property
    def deliver(self) -> Callable[[Callable[[], object]], object] | None:
        """Has a call, which calls the user's callbacks, made on the thread that is right for them.

        None: any thread is.
        """
        ...

    def close(self) -> None:
        """Gives back what it holds. Idempotent."""
        ...


class Hostless:
    """What every back end answers alike that no host has a say in."""

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


def choose(channels: Any) -> Backend:
    """The back end for what a caller gave as ``channels``; ConfigError when it is nothing that can be used.

    A ready Backend is taken as it is.
    """
    from rushes.shots.host import HostBackend
    from rushes.shots.mapped import MappedBackend

    if channels is None:
        return _of_here()
    if isinstance(channels, Mapping):
        return MappedBackend(channels)
    if isinstance(channels, str):
        from rushes.shots.of_station import StationBackend

        return StationBackend(channels)
    if callable(getattr(channels, "screenshot_v2", None)):
        return HostBackend(channels)
    if callable(getattr(channels, "find", None)) and callable(getattr(channels, "take", None)):
        ready: Backend = channels
        return ready
    if isinstance(getattr(channels, "channels", None), Mapping):  # a station
        return MappedBackend(channels.channels)
    raise ConfigError(
        f"channels cannot be a {type(channels).__name__}: pass a mapping, a station or a host object",
        option="channels",
    )


def no_channel(channel: object, known: Iterable[str]) -> SourceUnavailable:
    """The error for a channel that does not exist: lists those that do, suggests the nearest."""
    return SourceUnavailable(str(unknown_name("channel", channel, known)), uri=str(channel))


def _of_here() -> Backend:
    """The module ``host`` where the program runs inside a video server, else the station of this machine."""
    try:
        host = importlib.import_module("host")
    except ModuleNotFoundError as error:
        if error.name != "host":
            raise
        host = None
    if host is None:  # out of the handler: that there is no such module is no part of what may go wrong there
        from rushes.shots.of_board import running_station

        return running_station()
    if not callable(getattr(host, "screenshot_v2", None)):
        raise ConfigError(f"the module host has no screenshot_v2; {_REMEDY}", option="channels")
    from rushes.shots.host import HostBackend

    return HostBackend(host)
