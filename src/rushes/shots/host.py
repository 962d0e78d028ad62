"""Pictures from a video server's scripting host: it is asked, and some time later writes a file.

The host says neither when it has finished nor whether it failed, and may write late, in pieces or twice. So
every attempt asks for a name that none had before, in a folder of our own, and what appears there counts only
when it is a whole picture that stopped growing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rushes.clock import SYSTEM
from rushes.errors import (
    ClosedError,
    CorruptImage,
    DeadlineExceeded,
    FrameError,
    JobCancelled,
    SourceUnavailable,
)
from rushes.shots.backends import no_channel
from rushes.shots.files import kind_of
from rushes.shots.request import Picture, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.shots.request import Ask

__all__ = ["HostBackend"]

_FIRST_LOOK_S = 0.002
_SLOWEST_LOOK_S = 0.05
_TELL_MS = 1


class HostBackend:
    """Answers through ``host``: an object with ``screenshot_v2`` and ``screenshot_v2_figures``, each called
    with channel, file name, folder and time.

    Its ``settings``, ``timeout`` and ``random_guid`` are used where it has them: to find channels and their
    names and the folder for files, to call back on its own thread, and to name tasks.
    """

    def __init__(self, host: Any) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._drop: Path | None = None
        self._expected: set[str] = set()
        self._closed = False

    def find(self, channel: str) -> Place:
        """As the protocol says; a channel's name is its guid, "_" and the guid of its server."""
        guid, _, server_guid = str(channel).partition("_")
        if not guid or not server_guid:
            raise SourceUnavailable(
                f"no channel named {channel!r}: write ChannelGuid_ServerGuid; known: {self._listed(server_guid)}",
                uri=str(channel),
            )
        server = self._node(f"/{server_guid}", channel, server_guid)
        node = self._node(f"/{server_guid}/channels/{guid}", channel, server_guid)
        return Place(
            channel,
            {
                "channel.name": _name(node, guid),
                "channel.guid": guid,
                "server.name": _name(server, server_guid),
                "server.guid": server_guid,
            },
            keeps_time=True,
        )

    def take(self, ask: Ask) -> Picture:
        """As the protocol says.

        The host's own call is not waited for with any limit but the job's; what it writes is. Raises
        DeadlineExceeded when the time is up, telling what had come, and ClosedError after ``close()``.
        """
        end_s = time.monotonic() + ask.timeout_s
        began_ns = SYSTEM.wall_ns()
        path = self._new_path()
        try:
            method = self._host.screenshot_v2_figures if ask.figures else self._host.screenshot_v2
            method(ask.channel, path.name, str(path.parent), _timestamp(ask))
            data = _waited_for(path, end_s, ask)
        finally:
            self._forget(path)
        return Picture(
            data,
            began_ns if ask.dt is None else ask.moment_ns,
            None,
            "live" if ask.dt is None else "archive",
            ask.figures,
        )

    def folder(self) -> Path:
        """The host's own folder for screenshots; ``screenshots`` here when it names none."""
        settings = getattr(self._host, "settings", None)
        if settings is not None:
            with suppress(LookupError, TypeError):  # this host has no such setting
                return Path(settings("system_wide_options")["screenshots_folder"])
        return Path.cwd() / "screenshots"

    def new_guid(self) -> str:
        """The host's, where it makes them."""
        make = getattr(self._host, "random_guid", None)
        return str(make()) if make is not None else secrets.token_urlsafe(12)

    @property
    def deliver(self) -> Callable[[Callable[[], object]], object] | None:
        """On the host's own thread, soon: its functions may be called from no other."""
        timeout = getattr(self._host, "timeout", None)
        return None if timeout is None else lambda call: timeout(_TELL_MS, call)

    def close(self) -> None:
        """Removes the folder that the host writes into."""
        with self._lock:
            self._closed = True
            drop, self._drop = self._drop, None
        if drop is not None:
            shutil.rmtree(drop, ignore_errors=True)

    def _node(self, path: str, channel: str, server_guid: str) -> Any:
        settings = getattr(self._host, "settings", None)
        if settings is None:
            return None
        try:
            return settings(path)
        except (LookupError, OSError):  # how hosts say that there is no such thing
            raise SourceUnavailable(
                f"no channel {channel!r} on this host ({path} is not there); known: {self._listed(server_guid)}",
                uri=channel,
            ) from None

    def _listed(self, server_guid: str) -> str:
        return str(no_channel("", self._channels(server_guid))).rpartition("known: ")[2]

    def _channels(self, server_guid: str) -> list[str]:
        """What the host lists as channels of that server; nothing where it cannot list."""
        settings = getattr(self._host, "settings", None)
        try:
            nodes = settings(f"/{server_guid}/channels").ls() if settings is not None else ()
            return [f"{node.guid}_{server_guid}" for node in nodes]
        except (LookupError, OSError, AttributeError, TypeError):  # only a hint in a message depends on it
            return []

    def _new_path(self) -> Path:
        name = f"{secrets.token_hex(8)}.jpg"  # the host chooses the kind of picture by the suffix
        with self._lock:
            if self._closed:  # a worker that was late; a folder made now would stay for ever
                raise ClosedError("this shot saver is stopped", name="ShotSaver")
            if self._drop is None:
                self._drop = Path(tempfile.mkdtemp(prefix="rushes-shots-"))
            self._expected.add(name)
            return self._drop / name

    def _forget(self, path: Path) -> None:
        """Also removes what the host wrote for attempts that were given up long ago."""
        with self._lock:
            self._expected.discard(path.name)
            expected = set(self._expected)
        with suppress(
            OSError
        ):  # closed meanwhile, or the host has the file open: the next one, or close, removes it
            for left in os.listdir(path.parent):
                if left not in expected:
                    os.unlink(path.parent / left)


def _waited_for(path: Path, end_s: float, ask: Ask) -> bytes:
    """The bytes of the file once it is a whole picture, seen with the same size twice.

    There is no event to wait for on every system and file system, so it is looked for: often at first, then
    in steps of a twentieth of the time it has taken so far.
    """
    done = threading.Event()
    ask.token.on_cancel(done.set)
    began_s = time.monotonic()
    before, judged, problem = _Look(0, 0), _Look(0, 0), "nothing was written"
    while True:
        seen = _look(path)
        if seen == before != judged and seen.size:
            judged = seen
            try:
                data = path.read_bytes()
                kind_of(data)
                return data
            except (CorruptImage, FrameError, OSError) as error:  # more of it may come
                problem = str(error)
        before = seen
        now_s = time.monotonic()
        if now_s >= end_s:
            raise DeadlineExceeded(
                f"{ask.channel}: no whole picture within {ask.timeout_s:g} s: {problem}",
                timeout_s=ask.timeout_s,
            )
        # Once something is there that was not judged yet, only the second look is missing.
        patience_s = 0.0 if seen.size and seen != judged else (now_s - began_s) / 20
        step_s = min(max(_FIRST_LOOK_S, patience_s), _SLOWEST_LOOK_S)
        if done.wait(min(step_s, end_s - now_s)) or ask.token.cancelled:
            raise JobCancelled(f"{ask.channel}: nobody wants this picture any more")


class _Look(NamedTuple):
    size: int
    changed_ns: int


def _look(path: Path) -> _Look:
    try:
        seen = path.stat()
    except OSError:  # not there yet
        return _Look(0, 0)
    return _Look(seen.st_size, seen.st_mtime_ns)


def _timestamp(ask: Ask) -> str:
    """Microseconds since the epoch, as the host reads them; "0" is now."""
    return "0" if ask.dt is None else str(ask.moment_ns // 1000)


def _name(node: Any, guid: str) -> str:
    """What people call it: an attribute of a settings node, or an entry of a plain mapping."""
    name = getattr(node, "name", None)
    if name is None and node is not None:
        with suppress(LookupError, TypeError):  # not that kind of node either
            name = node["name"]
    return str(name) if name else guid
