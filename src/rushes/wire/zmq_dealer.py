"""The connecting end of talk between processes of one machine: to one peer, which may come later, go, come again."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import zmq

from rushes.wire.zmq_sockets import Again, receive
from rushes.wire.zmq_talk import Talk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Dealer"]

_READ_AHEAD = 1000
_RETRY_S = 0.005
_LINGER_MS = 200


class Dealer(Talk):
    """Connected to the socket ``name`` in the folder of sockets, whenever there is one.

    ``on_up()`` and ``on_down()`` tell that the connection has come and gone, ``on_message(parts)`` gets read-only
    memoryviews; ``on_turn`` as :class:`rushes.wire.zmq_router.Router` has it. All on the I/O thread, and to be
    quick. What could not be sent while there was a connection is forgotten with it.
    """

    def __init__(
        self,
        name: str,
        *,
        shown: str,
        on_up: Callable[[], object],
        on_down: Callable[[], object],
        on_message: Callable[[list[memoryview]], object],
        on_turn: Callable[[int], float | None],
    ) -> None:
        self._on_up, self._on_down = on_up, on_down
        self._on_message, self._on_turn = on_message, on_turn
        self._unsent: deque[Sequence[Any]] = deque()
        self._up = False
        super().__init__(name, "DEALER", bind=False, hwm=_READ_AHEAD, shown=shown, on_event=self._changed)

    def send(self, parts: Sequence[Any]) -> None:
        """Sends it if there is a connection; from any thread. Large parts are not copied: leave them as they are."""
        if self._up:
            self._unsent.append(parts)
            self._wake()

    def _prepare(self) -> None:
        # What is left of one connection must not go to the next: another process may be there then.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 10)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 100)

    def _changed(self, what: str, detail: Any) -> None:
        if what == "up":
            self._up = True
            self._call(self._on_up)
        elif what == "down":
            self._up = False
            self._unsent.clear()
            self._call(self._on_down)

    def _readable(self) -> None:
        for _ in range(64):  # then the others have their turn
            try:
                parts = receive(self._socket)
            except Again:
                return
            self._call(self._on_message, parts)

    def _turn(self) -> float | None:
        wait_s: float | None = None
        try:
            wait_s = self._on_turn(time.monotonic_ns())
        finally:
            full = not self._flush()
        return min(_RETRY_S, wait_s or _RETRY_S) if full else wait_s

    def _flush(self) -> bool:
        """Whether all has gone out."""
        while self._unsent:
            try:
                self._socket.send_multipart(self._unsent[0], zmq.NOBLOCK, copy=False)
            except Again:
                return not self._up  # without a connection there is nothing to wait for
            with contextlib.suppress(IndexError):
                self._unsent.popleft()
        return True

    def _shut(self) -> None:
        if hasattr(self, "_socket"):
            with contextlib.suppress(zmq.ZMQError):
                self._flush()
            self._socket.close(_LINGER_MS)
        super()._shut()
