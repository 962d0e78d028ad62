"""One of a crew's processes, seen from the parent: started afresh, given work, listened to, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import rushes
from rushes.stream.crew_pipe import Reader, laid_out, push

if TYPE_CHECKING:
    from collections.abc import Hashable

    from typing_extensions import Buffer

    from rushes.stream.crew_pipe import Note

__all__ = ["CrewProcess", "Task"]

# The package is found where the parent found it, after everything else; -P keeps the caller's folder off the path
# until the parent's own path takes its place, -u makes what a function prints appear when it is printed.
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from rushes.stream.crew_child import main;"
    " sys.exit(main(int(sys.argv[2]), int(sys.argv[3])))"
)
_STDERR = 2
_REAP_S = 5.0


class Task(NamedTuple):
    """One frame's work."""

    id: Hashable
    head: Buffer
    payload: Buffer


class CrewProcess:
    """A fresh interpreter with a socket to it. Raises OSError when it cannot be started.

    Never a fork: that would copy locks which other threads hold, and sockets. All calls from one thread, but for
    :meth:`kill`.
    """

    def __init__(self) -> None:
        self.sock, theirs = socket.socketpair()
        home = str(Path(rushes.__file__).parents[1])
        words = (home, str(theirs.fileno()), str(os.getpid()))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-u", "-c", _BOOT, *words],
                stdin=subprocess.DEVNULL,
                # What a function prints is for people; standard output may be where the program's results go.
                stdout=_STDERR,
                pass_fds=(theirs.fileno(),),
                # A group of its own: Ctrl-C is for the parent, and what the function starts can be ended with it.
                process_group=0,
            )
        except BaseException:
            self.sock.close()
            raise
        finally:
            theirs.close()
        self.sock.setblocking(False)
        self.task: Task | None = None
        self.ready = self.doomed = False
        """Whether it has the function, and whether it has been killed."""
        self.cause = ""
        """Why it could not begin, if it said so."""
        self._reader = Reader(self.sock)
        self._unsent: list[memoryview] = []
        self._last = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def sending(self) -> bool:
        """Whether something waits for room in the socket."""
        return bool(self._unsent)

    def say(self, kind: int, head: Buffer, payload: Buffer = b"") -> None:
        """Sends a note, now or by later calls of :meth:`send`."""
        self._unsent += laid_out(kind, head, payload)
        self.send()

    def send(self) -> None:
        """Sends on. Never waits; to a process that is gone nothing goes, which is noticed elsewhere."""
        try:
            push(self.sock, self._unsent)
        except OSError:
            self._unsent.clear()
        if self._last and not self._unsent:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_WR)

    def dismiss(self) -> None:
        """Lets it finish and answer what it has, and then end."""
        self._last = True
        self.send()

    def hear(self) -> Note | None:
        """The next thing it said, None when there is nothing more now. Never waits.

        EOFError at its end, BadMessage when it says what cannot be.
        """
        return self._reader.read()

    def ended(self) -> bool:
        """Whether it has ended; leaves it to be reaped by :meth:`bury`, so that its number stays its own."""
        if not hasattr(os, "waitid"):
            return False  # there the end of its socket must do
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> None:
        """Ends it, and what it started, at once. From any thread, before :meth:`bury`."""
        self.doomed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def bury(self) -> int:
        """Kills what is left of it, reaps it and closes the socket; its exit code, negative for a signal."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.sock.close()
        self._unsent.clear()
        try:
            return self._process.wait(_REAP_S)
        except (
            subprocess.TimeoutExpired
        ):  # the kernel holds it, in a driver's call say; subprocess reaps it later
            return -signal.SIGKILL
