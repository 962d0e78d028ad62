"""Keeps a hub's server running: the thread that starts it, waits for its death, and starts it again."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from typing import TYPE_CHECKING, Any

from rushes.errors import WireError
from rushes.wire.hub_restarts import Restarts

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.wire.hub_disk import Disk
    from rushes.wire.hub_process import ServerProcess

__all__ = ["Keeper"]

_log = logging.getLogger("rushes.wire")
_JOIN_S = 10.0
_LOOK_S = 1.0


class Keeper:
    """``start(port)`` starts a server, at first at ``port``, then at the port it had; it raises OSError when it
    cannot. One that could not write to the ``disk`` is started anew as soon as there is room. ``tell(what, detail)``
    is called on the keeper's thread, and ``finish()`` as the last thing there, when no server is left.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[int], ServerProcess],
        port: int,
        disk: Disk,
        tell: Callable[[str, Any], object],
        finish: Callable[[], object],
    ) -> None:
        self._name, self._start, self._disk, self._tell, self._finish = name, start, disk, tell, finish
        self.port = port
        self.up = False
        self.starts = 0
        self.pid: int | None = None
        self.error: WireError | None = None
        self.full: WireError | None = None
        self._restarts = Restarts()
        self._settled = threading.Event()
        self._wake_lock = threading.Lock()
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name=f"rushes-hub {name}", daemon=True)

    def open(self) -> None:
        """Starts the server and returns when it serves. Raises WireError, and is of no more use, when it cannot."""
        self._thread.start()
        try:
            self._settled.wait()
        except BaseException:  # Ctrl-C: nobody will have this to close
            self.close()
            raise
        if self.error is not None:
            self._thread.join(_JOIN_S)
            raise self.error

    def close(self) -> None:
        """Ends the server and returns when it has ended; called on the keeper's own thread, it ends after the call."""
        with self._wake_lock:
            if self._wake_fd >= 0:
                os.eventfd_write(self._wake_fd, 1)  # never read: once told to stop it stays told
        if threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            server = self._launch()
            while server is not None:
                ended = server.wait(self._wake_fd, _LOOK_S)
                if self._stopping():
                    self._end(server)
                    return
                if ended:
                    server = self._again(server, "")
                elif self._stuck(server):
                    server = self._again(server, "its disk was full, and there is room again")
        except WireError as error:
            self.error = error
            if self._settled.is_set():
                self._say("failed", error)
        except Exception as error:  # noqa: BLE001  without its last words the hub would only fall silent
            _log.exception("the keeper of %s stopped", self._name)
            self.error = WireError(f"the keeper of {self._name} stopped: {error}", endpoint=self._name)
            self._say("failed", self.error)
        finally:
            with self._wake_lock:
                descriptor, self._wake_fd = self._wake_fd, -1
            os.close(descriptor)
            self._finish()
            self._settled.set()

    def _launch(self) -> ServerProcess | None:
        """A server that serves; None when told to stop first. WireError when it cannot."""
        try:
            server = self._start(self.port)
        except OSError as error:
            raise WireError(
                f"cannot start the server of {self._name}: {error}", endpoint=self._name
            ) from error
        try:
            port = server.wait_until_ready(self._name, self._wake_fd)
        except BaseException:  # whatever it is, the server must not stay behind
            server.close()
            raise
        if port is None:
            self._end(server)
            return None
        self.port, self.pid, self.up, self.full = port, server.pid, True, None
        self.starts += 1
        self._settled.set()
        self._say("up")
        return server

    def _stuck(self, server: ServerProcess) -> bool:
        """Whether it could not write, and can now if it is started again."""
        if not self._disk.stuck(server.pid):
            return False
        if self._disk.roomy:
            return True
        if self.full is None:
            text = f"{self._name} has no room left: free some on the disk of {self._disk.folder}; it goes on then"
            self.full = WireError(text, endpoint=self._name)
            _log.error("%s", text)
            self._say("full", self.full)
        return False

    def _again(self, server: ServerProcess, why: str) -> ServerProcess | None:
        """The server that follows one that died, or is ended here because of ``why``; None when told to stop. WireError
        to give up.
        """
        error = server.failure(self._name)
        self._end(server)
        self._say("down", why or server.cause())
        lived_s = time.monotonic() - server.started_s
        while True:
            wait_s = self._restarts.died(time.monotonic(), lived_s)
            if wait_s is None:
                text = f"{self._name} is given up, its server died {Restarts.MOST} times in a row: {error}"
                raise WireError(text, endpoint=self._name) from error
            if self._stopping(wait_s):
                return None
            try:
                return self._launch()
            except WireError as failed:
                error, lived_s = failed, 0.0

    def _end(self, server: ServerProcess) -> None:
        self.up, self.pid = False, None
        server.close()

    def _stopping(self, wait_s: float = 0.0) -> bool:
        return bool(select.select([self._wake_fd], [], [], wait_s)[0])

    def _say(self, what: str, detail: object = None) -> None:
        try:
            self._tell(what, detail)
        except Exception:  # noqa: BLE001  whatever is wrong with the callback, the server must be kept
            _log.exception("a callback of %s failed", self._name)
