"""Where a crew's processes come from, seen from the parent, and how each ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rushes
from rushes.stream.crew_pipe import REAP

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Life", "Nursery"]

# The package is found where the parent found it, after everything else; -P keeps the caller's folder off the path
# until the parent's own path takes its place, -u makes what a function prints appear when it is printed.
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from rushes.stream.crew_nursery import main;"
    " sys.exit(main(int(sys.argv[2]), int(sys.argv[3])))"
)
_STDERR = 2
_WORD_BYTES = 64
_ANSWER_S = 10.0
_REAP_S = 5.0


class Nursery:
    """A process that forks others. All calls from one thread: the kernel ends it, and those it has forked, when the
    thread that made it ends. Raises OSError when it cannot be started.
    """

    def __init__(self) -> None:
        # Messages and not a stream of bytes: a descriptor belongs to one word.
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        home = str(Path(rushes.__file__).parents[1])
        words = (home, str(theirs.fileno()), str(os.getpid()))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-u", "-c", _BOOT, *words],
                stdin=subprocess.DEVNULL,
                # What a function prints is for people; standard output may be where the program's results go.
                stdout=_STDERR,
                pass_fds=(theirs.fileno(),),
                # A group of its own: Ctrl-C is for the parent.
                process_group=0,
            )
        except BaseException:  # whatever it is, no descriptor may stay behind
            self._sock.close()
            raise
        finally:
            theirs.close()
        self._sock.settimeout(_ANSWER_S)
        self._broken = False

    @property
    def alive(self) -> bool:
        """Whether it can fork."""
        return not self._broken and self._process.poll() is None

    def born(self, sock: socket.socket) -> Life:
        """A new process that works through ``sock``. OSError when there is none to be had; then it is to be closed."""
        answer = self._said(lambda: socket.send_fds(self._sock, [b"fork"], [sock.fileno()]))
        if answer < 0:
            raise OSError(-answer, os.strerror(-answer))
        return Life(self, answer)

    def reap(self, pid: int) -> int:
        """The exit code of one that was killed or has ended."""
        try:
            return self._said(lambda: self._sock.send(REAP + b"%d" % pid))
        except OSError:  # it was killed itself, and so were those it had forked
            return -signal.SIGKILL

    def _said(self, ask: Callable[[], object]) -> int:
        """Its answer. When there is none it is given up: a late one would be taken for that to the next question."""
        try:
            ask()
            if answer := self._sock.recv(_WORD_BYTES):
                return int(answer)
        except OSError:
            self._broken = True
            self._process.kill()
            raise
        self._broken = True
        raise ConnectionResetError("the process that forks the others has ended")

    def close(self) -> None:
        """Ends it, and those that it has forked."""
        self._sock.close()
        self._process.kill()
        # Held by the kernel it is reaped later, by subprocess.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_REAP_S)


class Life:
    """One of its processes."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        try:
            # Not a child of this process: nothing else tells of its end.
            self._fd = os.pidfd_open(pid)
        except ProcessLookupError as error:  # the nursery was killed meanwhile, and this one with it
            raise ConnectionResetError(f"process {pid} has ended") from error

    def over(self) -> bool:
        """Whether it has ended; until :meth:`bury`, its number stays its own."""
        waiting = select.poll()
        waiting.register(self._fd, select.POLLIN)
        return bool(waiting.poll(0))

    def kill(self) -> None:
        """Ends it, and what it started, at once. From any thread, before :meth:`bury`."""
        if self.over() and not self._nursery.alive:
            return  # nobody keeps its number for it any more
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def bury(self) -> int:
        """Kills what is left of it and reaps it; its exit code, negative for a signal."""
        self.kill()
        code = self._nursery.reap(self.pid)
        os.close(self._fd)
        return code
