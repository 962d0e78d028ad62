"""One life of a hub's server: started, waited for until it serves, ended, and its last words read.

All calls come from one thread, which must live as long as the server: the kernel ends it with that thread.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rushes.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ServerProcess", "write_config"]

_LOOK_S = 0.004  # between two looks for the file that tells the server's ports
_READY_S = 30.0  # a large store takes its time to be read; a server that dies meanwhile is noticed at once
_TERM_S, _KILL_S = 2.0, 5.0
_TAIL_BYTES = 16 * 1024
_TAIL_LINES = 5
_LAUNCHER = Path(__file__).with_name("die_with_parent.py")


class _Ports(msgspec.Struct):
    nats: list[str] = msgspec.field(default_factory=list)


class ServerProcess:
    """The server as ``arguments`` start it, in ``folder``. Raises OSError when no process can be started.

    ``fds`` stay open in it: whatever locks they hold, it holds as well.
    """

    def __init__(self, folder: Path, arguments: Sequence[str], fds: tuple[int, ...]) -> None:
        for stale in folder.glob("*.ports"):
            stale.unlink(missing_ok=True)  # of a server that was killed
        self._folder = folder
        self._errors = folder / "hub.err"
        with open(self._errors, "wb", opener=_private) as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=fds,
                cwd=folder,
                # A group of its own: Ctrl-C in the terminal is for whoever runs the hub.
                process_group=0,
            )
        self.started_s = time.monotonic()
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except OSError:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait(self, wake_fd: int, timeout_s: float | None) -> bool:
        """Waits until it ends, ``wake_fd`` can be read or the time is up; whether it has ended."""
        waiting = select.poll()
        waiting.register(self._pidfd, select.POLLIN)
        waiting.register(wake_fd, select.POLLIN)
        waiting.poll(None if timeout_s is None else max(1, round(timeout_s * 1000)))
        return self._process.poll() is not None

    def wait_until_ready(self, where: str, wake_fd: int) -> int | None:
        """Waits until it serves, and tells its port. None when ``wake_fd`` could be read first.

        WireError, which says that it was to serve at ``where``, when it ends instead or takes longer than 30 s. It
        tells its ports once it listens at them: knocking there as well would only fill its log with broken visits.
        """
        until_s = time.monotonic() + _READY_S
        while time.monotonic() < until_s:
            port = self._port()
            if port is not None:
                return port
            if self.wait(wake_fd, _LOOK_S):
                raise self.failure(where)
            if select.select([wake_fd], [], [], 0)[0]:
                return None
        raise WireError(f"the hub's server was not ready after {_READY_S:.0f} s:{self.last_words()}")

    def cause(self) -> str:
        """How it ended, in a few words."""
        code = self._process.poll()
        if code is not None and code < 0:
            return f"killed by signal {-code} ({signal.strsignal(-code)})"
        return f"ended with exit code {code}"

    def failure(self, where: str) -> WireError:
        """The error for a server that ended although nobody asked it to."""
        words = self.last_words()
        if "address already in use" in words:
            return WireError(
                f"a port at {where} is in use by another program: choose another one or port 0, or join the hub"
                f" that runs there with nats://:{words}"
            )
        return WireError(f"the hub's server {self.cause()}:{words}")

    def last_words(self) -> str:
        """The last lines it wrote, each on a line of its own; those about errors alone when there are any."""
        log = [line for line in _tail(self._folder / "hub.log") if line.startswith(f"[{self.pid}] ")]
        grave = [line for line in log if "[FTL]" in line or "[ERR]" in line]
        lines = [*(grave or log), *_tail(self._errors)][-_TAIL_LINES:]
        return "".join(f"\n  {line}" for line in lines) or " it said nothing"

    def close(self) -> None:
        """Ends it if it still runs: asked first, after 2 s killed. Reaps it. Idempotent."""
        if self._pidfd < 0:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_TERM_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                # Killed, it can only be held up by the disk; then it is left to the system.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_KILL_S)
        os.close(self._pidfd)
        self._pidfd = -1

    def _port(self) -> int | None:
        for path in self._folder.glob(f"*_{self.pid}.ports"):
            try:
                ports = msgspec.json.decode(path.read_bytes(), type=_Ports)
            except (msgspec.DecodeError, FileNotFoundError):
                return None  # being written right now
            for each in ports.nats:
                return int(each.rpartition(":")[2])
        return None


def write_config(path: Path, content: bytes) -> None:
    """Writes what only this user may read, whatever lay there before. Raises OSError when it cannot."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
