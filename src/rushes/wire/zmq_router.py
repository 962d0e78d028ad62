"""The bound end of talk between processes of one machine: many peers, each answered by itself."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import zmq

from rushes.wire.name_lock import NameLock
from rushes.wire.process_mark import watch
from rushes.wire.zmq_sockets import Again, ipc_folder, receive
from rushes.wire.zmq_talk import Talk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rushes.wire.process_mark import Mark

__all__ = ["Router"]

_READ_AHEAD = 16
_MOST_UNSENT = 10_000
_LINGER_MS = 1000


class Router(Talk):
    """A socket ``name`` in the folder of sockets, which is this object's alone: WireError when another has it.

    ``on_message(peer, parts)`` gets read-only memoryviews, ``on_gone(peer)`` tells that the process of a peer that is
    watched has ended, ``on_turn(now_ns)`` is called after whatever happened, and after as many seconds as it returned
    before. All on the I/O thread, and to be quick.
    """

    def __init__(
        self,
        name: str,
        *,
        shown: str,
        on_message: Callable[[bytes, list[memoryview]], object],
        on_gone: Callable[[bytes], object],
        on_turn: Callable[[int], float | None],
    ) -> None:
        self._on_message, self._on_gone, self._on_turn = on_message, on_gone, on_turn
        self._unsent: deque[tuple[bytes, Sequence[Any]]] = deque()
        self._watched: dict[int, bytes] = {}
        folder = ipc_folder()
        self._file = folder / name
        self._name_lock = NameLock(folder / f"{name}.lock", shown)
        try:
            super().__init__(
                name, "ROUTER", bind=True, hwm=_READ_AHEAD, shown=shown, on_event=lambda what, detail: None
            )
        except BaseException:  # whatever it is, the name is free again
            self._name_lock.release()
            raise

    def send(self, peer: bytes, parts: Sequence[Any]) -> None:
        """Sends to that peer, from any thread; to one that is gone, or takes nothing for long, it is lost."""
        self._unsent.append((peer, parts))
        self._wake()

    def wake(self) -> None:
        """Has ``on_turn`` called soon; from any thread."""
        self._wake()

    def watch(self, peer: bytes, mark: Mark) -> None:
        """Looks out for the end of that process; on the I/O thread."""
        self.unwatch(peer)
        try:
            fd = watch(mark)
        except ProcessLookupError:
            self._call(self._on_gone, peer)
            return
        if fd is not None:
            self._watched[fd] = peer
            self._poller.register(fd, zmq.POLLIN)

    def unwatch(self, peer: bytes) -> None:
        """No longer."""
        for fd in [fd for fd, each in self._watched.items() if each == peer]:
            del self._watched[fd]
            self._poller.unregister(fd)
            os.close(fd)

    def _prepare(self) -> None:
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        # Answers are short, and one that was dropped would be waited for for ever.
        self._socket.setsockopt(zmq.SNDHWM, _MOST_UNSENT)

    def _serve(self, ready: dict[Any, int]) -> None:
        super()._serve(ready)
        for fd in [fd for fd in self._watched if fd in ready]:
            peer = self._watched[fd]
            self.unwatch(peer)
            self._call(self._on_gone, peer)

    def _readable(self) -> None:
        for _ in range(64):  # then the others have their turn: the end, answers, who has died
            try:
                peer, *parts = receive(self._socket)
            except Again:
                return
            self._call(self._on_message, bytes(peer), parts)

    def _turn(self) -> float | None:
        wait_s: float | None = None
        try:
            wait_s = self._on_turn(time.monotonic_ns())
        finally:
            self._flush()
        return wait_s

    def _flush(self) -> None:
        while self._unsent:
            peer, parts = self._unsent.popleft()
            with contextlib.suppress(zmq.ZMQError):  # it is gone, or has not read ten thousand of them
                self._socket.send_multipart([peer, *parts], zmq.NOBLOCK, copy=False)

    def _shut(self) -> None:
        for peer in list(self._watched.values()):
            self.unwatch(peer)
        if hasattr(self, "_socket"):
            with contextlib.suppress(zmq.ZMQError):
                self._flush()
            self._socket.close(_LINGER_MS)  # the last words are what nobody could guess
        super()._shut()
        self._file.unlink(missing_ok=True)  # libzmq leaves it when its context goes first
        self._name_lock.release()
