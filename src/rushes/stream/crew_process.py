"""One of a crew's processes, seen from the parent: born, given work, listened to, ended."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, NamedTuple

from rushes.stream.crew_pipe import Reader, laid_out, push

if TYPE_CHECKING:
    from collections.abc import Hashable

    from typing_extensions import Buffer

    from rushes.stream.crew_births import Nursery
    from rushes.stream.crew_pipe import Note

__all__ = ["CrewProcess", "Task"]


class Task(NamedTuple):
    """One frame's work."""

    id: Hashable
    head: Buffer
    payload: Buffer


class CrewProcess:
    """A process from the ``nursery``, with a socket to it. Raises OSError when there is none to be had.

    Never a fork of this program: that would copy locks which other threads hold, and sockets. All calls from one
    thread, but for :meth:`kill`.
    """

    def __init__(self, nursery: Nursery) -> None:
        self.sock, theirs = socket.socketpair()
        try:
            self._life = nursery.born(theirs)
        except BaseException:  # whatever it is, no descriptor may stay behind
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
        return self._life.pid

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
        """Whether it has ended."""
        return self._life.over()

    def kill(self) -> None:
        """Ends it, and what it started, at once. From any thread, before :meth:`bury`."""
        self.doomed = True
        self._life.kill()

    def bury(self) -> int:
        """Kills what is left of it, reaps it and closes the socket; its exit code, negative for a signal."""
        self.sock.close()
        self._unsent.clear()
        return self._life.bury()
