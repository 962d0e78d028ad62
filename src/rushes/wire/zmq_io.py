"""The I/O thread that alone touches a stream's socket, and the context it lives in.

Each link has a context of its own. One per process was rejected: libzmq asks one authenticator per context, so
two streams with different keys would share a list of whom they admit; ending a context that others use can
wait for ever for their sockets, while a link's own takes its threads and descriptors with it at close; and a
forked child cannot use any inherited one. The price is two threads of libzmq per link, idle when it is idle.
What remains is pyzmq's own helper, one per process from the first zero-copy send on, which belongs to all
users of pyzmq in it and is not ours to end.

Exit: the I/O thread is a daemon, so that a program which forgot a link ends, and the exit closes it first, in
order. Fork: the child has no I/O thread, so there the link only says that it is closed.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
import zmq.utils.garbage  # registers its exit hook here: hooks run last first, so links are closed before it

from rushes.errors import AccessDenied, BadMessage, WireError
from rushes.lifecycle import ProcessBound
from rushes.wire.monitor import UNTENDED_S, Peers
from rushes.wire.zmq_sockets import (
    EVENTS,
    MAX_PART_BYTES,
    answer,
    check_options,
    gate,
    ipc_folder,
    set_keys,
    set_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.keys import Keys

__all__ = ["Link"]

_log = logging.getLogger("rushes.wire")
_JOIN_S = 1.0
_BACK_OFF_S = 5.0


class Link(ProcessBound):
    """One socket, its monitor, its authenticator and the thread that owns them all.

    ``on_event(what, detail)`` is called on that thread: ("up" | "down", None) as peers come and go,
    ("refused", AccessDenied) at a bound end for each peer not let in, ("denied", AccessDenied) at a connecting
    end that was not let in, ("cut", BadMessage) when a connection ended over what it carried,
    ("failed", error) when the link itself broke and is of no more use.
    """

    _heartbeats = False

    def __init__(
        self,
        endpoint: Endpoint,
        kind: str,
        *,
        bind: bool,
        keys: Keys | None,
        insecure: bool,
        hwm: int,
        on_event: Callable[[str, Any], object],
    ) -> None:
        super().__init__()
        check_options(endpoint, bind, keys, insecure, hwm)
        self.name = endpoint.shown
        self._bind, self._on_event = bind, on_event
        self._lock = threading.Lock()
        self._stop = False
        self._peers = Peers()
        self._denied = False  # and so it was told, once
        self._redial_s: float | None = None
        folder = ipc_folder() if endpoint.scheme == "ipc" else Path()
        self._where = endpoint.zmq_bind(folder) if bind else endpoint.zmq_connect(folder)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            self._open(getattr(zmq, kind), keys, hwm)
        except zmq.ZMQError as error:
            self._shut()
            raise WireError(f"cannot open {self.name}: {error.strerror}", endpoint=self.name) from error
        except BaseException:  # whatever it is, no thread or descriptor may stay behind
            self._shut()
            raise

    @property
    def address(self) -> str:
        """Where the socket really is: with the port the system gave, when 0 was asked for."""
        return self._address

    @property
    def peers(self) -> int:
        """How many are connected now."""
        return self._peers.up

    def _open(self, kind: int, keys: Keys | None, hwm: int) -> None:
        self._gate = gate(self._context, keys) if keys is not None and self._bind else None
        self._socket = self._context.socket(kind)
        set_options(self._socket, hwm, ipv6="[" in self._where, heartbeats=self._heartbeats)
        if keys is not None:
            set_keys(self._socket, keys, self._bind)
        self._monitor = self._socket.get_monitor_socket(sum(EVENTS))
        self._prepare()
        (self._socket.bind if self._bind else self._socket.connect)(self._where)
        self._address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT) if self._bind else self._where
        self._poller = zmq.Poller()
        self._poller.register(self._wake_fd, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._poller.register(self._socket, zmq.POLLIN)
        if self._gate is not None:
            self._poller.register(self._gate.zap_socket, zmq.POLLIN)
        atexit.register(self.close)
        self._thread = threading.Thread(target=self._run, name=f"rushes-wire {self.name}", daemon=True)
        self._thread.start()

    @abstractmethod
    def _prepare(self) -> None:
        """Sets what is special to this kind of socket; called before it is bound or connected."""

    @abstractmethod
    def _readable(self) -> None:
        """Takes what the socket has to read; called on the I/O thread."""

    def _turn(self) -> float | None:
        """What else is to be done each turn of the I/O thread; after how many seconds again at the latest."""
        return None

    def _listen(self, reading: bool) -> None:
        """Whether to be woken by what there is to read."""
        self._poller.register(self._socket, zmq.POLLIN if reading else 0)

    def _tell(self, what: str, detail: object = None) -> None:
        self._call(self._on_event, what, detail)

    def _call(self, callback: Callable[..., object], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:  # noqa: BLE001  whatever is wrong with one callback, the link and its other users go on
            _log.exception("a callback of %s failed", self.name)

    def _wake(self) -> None:
        with self._lock:
            if self._wake_fd >= 0:
                os.eventfd_write(self._wake_fd, 1)

    def _run(self) -> None:
        try:
            wait_s: float | None = 0.0
            while not self._stop:
                self._serve(
                    dict(self._poller.poll(None if wait_s is None else max(0, int(wait_s * 1000) + 1)))
                )
                waits = [each for each in (self._turn(), self._tend()) if each is not None]
                wait_s = min(waits, default=None)
        except Exception as error:  # noqa: BLE001  without its last words the link would only fall silent
            _log.exception("%s stopped serving", self.name)
            self._tell("failed", error)
        finally:
            self._shut()

    def _serve(self, ready: dict[Any, int]) -> None:
        if self._wake_fd in ready:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake_fd)
        if self._gate is not None and self._gate.zap_socket in ready:
            answer(self._gate)
        if self._monitor in ready:
            self._watch()
        if self._socket in ready:
            self._readable()

    def _watch(self) -> None:
        while True:
            try:
                first, _ = self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            what = EVENTS.get(int.from_bytes(first[:2], "little"))
            if what is None:
                continue
            change = self._peers.note(what, int.from_bytes(first[2:6], "little"), time.monotonic())
            if change == "failed":
                self._failed()
            elif change is not None:
                self._denied = self._denied and change != "up"
                self._tell(change)

    def _failed(self) -> None:
        if self._bind:
            self._tell("refused", AccessDenied(f"{self.name} let a peer not in", endpoint=self.name))
        elif self._peers.denied(time.monotonic()):
            if self._redial_s is None:
                self._hang_up(_BACK_OFF_S)
            if not self._denied:
                self._denied = True
                text = (
                    f"{self.name} refused {self._peers.refusals} handshakes in a row: check keys= at both ends, and "
                    "that somebody serves there"
                )
                self._tell("denied", AccessDenied(text, endpoint=self.name))

    def _tend(self) -> float | None:
        """Takes up connections that libzmq gave up: after a breach of protocol it never tries again."""
        if self._bind:
            return None
        now_s = time.monotonic()
        if self._redial_s is None and self._peers.untended(now_s):
            if self._peers.cut:
                text = f"{self.name} sent a message over {MAX_PART_BYTES} bytes, or one that is none"
                self._tell("cut", BadMessage(text, endpoint=self.name))
            self._hang_up(0.0)
        if self._redial_s is not None and now_s >= self._redial_s:
            self._redial_s = None
            self._socket.connect(self._where)
        if self._redial_s is not None:
            return self._redial_s - now_s
        return UNTENDED_S if self._peers.waiting else None

    def _hang_up(self, redial_after_s: float) -> None:
        with contextlib.suppress(zmq.ZMQError):  # it may have given up by itself just now
            self._socket.disconnect(self._where)
        self._peers.hung_up()
        self._redial_s = time.monotonic() + redial_after_s

    def _shut(self) -> None:
        self._context.destroy(linger=0)
        with self._lock:
            descriptor, self._wake_fd = self._wake_fd, -1
        os.close(descriptor)

    def _close(self) -> None:
        atexit.unregister(self.close)
        self._stop = True
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_S)
