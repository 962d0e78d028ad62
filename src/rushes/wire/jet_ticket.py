"""A message on its way to a store, as the one who published it sees it."""

from __future__ import annotations

import logging
import threading
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from rushes.errors import ConfigError, DeadlineExceeded, RushesError, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MESSAGE_ID", "Answer", "Stored", "Ticket", "as_payload", "head_of"]

MESSAGE_ID = "Nats-Msg-Id"
_HEAD = "Rushes-Head"

_log = logging.getLogger("rushes.wire")


class _Refused(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class Answer(msgspec.Struct):
    """What the server says to a publish."""

    seq: int = 0
    duplicate: bool = False
    error: _Refused | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server says of a message: its number in the store, and whether it had that id already."""

    sequence: int
    duplicate: bool


class Ticket:
    """One message on its way. All methods may be called from any thread."""

    def __init__(
        self, subject: str, message_id: str, head: bytes, payload: memoryview, wait_full: bool
    ) -> None:
        self.message_id = message_id
        self.subject, self.payload, self.wait_full = subject, payload, wait_full
        self.headers = {MESSAGE_ID: message_id}
        if head:
            self.headers[_HEAD] = b2a_base64(head, newline=False).decode()
        self.order = 0
        self.tried_s = 0.0
        self.missing_s: float | None = None
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._stored: Stored | None = None
        self._error: RushesError | None = None
        self._callbacks: list[Callable[[RushesError | None], object]] = []

    @property
    def done(self) -> bool:
        """Whether it is known what became of it."""
        return self._done.is_set()

    def result(self, timeout_s: float | None = None) -> Stored:
        """Waits until the server has it in its store; from then on no death of anybody loses it.

        QueueFull when the store is full, AccessDenied when this role may not publish there, ConfigError when it is
        too large, WireError when no store takes it, ClosedError when the link was closed first, DeadlineExceeded
        after ``timeout_s`` (None: waits for ever): it may still be stored later.
        """
        if not self._done.wait(timeout_s):
            raise DeadlineExceeded(f"{self.message_id} is not confirmed yet", timeout_s=timeout_s)
        if self._stored is None:
            raise self._error or WireError(f"{self.message_id} was not stored")
        return self._stored

    def on_done(self, callback: Callable[[RushesError | None], object]) -> None:
        """Calls ``callback(error)`` once, with None when it is stored: on the link's thread, on the one that closes
        the link, or at once when it is done.
        """
        with self._lock:
            if not self._done.is_set():
                self._callbacks.append(callback)
                return
        callback(self._error)

    def settle(self, outcome: Stored | RushesError) -> bool:
        """Whether it was not settled before."""
        with self._lock:
            if self._done.is_set():
                return False
            if isinstance(outcome, Stored):
                self._stored = outcome
            else:
                self._error = outcome
            self._done.set()
            callbacks, self._callbacks = self._callbacks, []
        self.payload = memoryview(b"")
        for callback in callbacks:
            try:
                callback(self._error)
            except Exception:  # noqa: BLE001  whatever is wrong with one callback, the rest goes on
                _log.exception("a callback of %s failed", self.message_id)
        return True


def as_payload(payload: Any) -> memoryview:
    """The payload as plain bytes, without a copy. ConfigError when it is not contiguous."""
    view = memoryview(payload)
    if not view.c_contiguous:
        raise ConfigError("a payload must be contiguous: copy it first", option="payload")
    return view.cast("B") if view.nbytes else memoryview(b"")


def head_of(headers: Mapping[str, str] | None) -> bytes:
    """The head that came with a message; b"" when there is none, or none that can be read."""
    try:
        return a2b_base64((headers or {}).get(_HEAD, ""))
    except ValueError:
        return b""  # a stranger's message: to whom a head matters, an empty one is a bad one
