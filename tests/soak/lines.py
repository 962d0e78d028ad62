"""A network line that can be cut: connections to it are passed on to a server, until they are not."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType

_PIECE = 1 << 16


class Line:
    """Listens on ``port`` of loopback and passes all on to ``server``; while cut it refuses, and all that were there
    are closed. One thread; a connection holds at most one piece, so a slow end holds the other up.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._selector = selectors.DefaultSelector()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._listener: socket.socket | None = None
        self._lock, self._over = threading.Lock(), threading.Event()
        self.port = self._listen(0)
        self._thread = threading.Thread(target=self._run, name="line")
        self._thread.start()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        with self._lock:
            self._drop()
        self._selector.close()

    def cut(self) -> None:
        """Nothing passes, and nobody comes in, until :meth:`mend`."""
        with self._lock:
            self._drop()

    def mend(self) -> None:
        """As before."""
        with self._lock:
            if self._listener is None:
                self._listen(self.port)

    def _listen(self, port: int) -> int:
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)
        return int(listener.getsockname()[1])

    def _drop(self) -> None:
        for each in list(self._pairs):
            self._part(each)
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _part(self, one: socket.socket) -> None:
        other = self._pairs.pop(one, None)
        for each in (one, other):
            if each is not None:
                self._pairs.pop(each, None)
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(each)
                each.close()

    def _run(self) -> None:
        while not self._over.wait(0):
            for key, _ in self._selector.select(0.1):
                with self._lock:
                    found = key.fileobj
                    assert isinstance(found, socket.socket)
                    if found is self._listener:
                        self._join(found)
                    elif found in self._pairs:
                        self._pass(found)

    def _join(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one, _ = listener.accept()
            try:
                other = socket.create_connection(("127.0.0.1", self._server), 1)
            except OSError:
                one.close()
                return
            self._pairs |= {one: other, other: one}
            for each in (one, other):
                each.settimeout(2)
                self._selector.register(each, selectors.EVENT_READ)

    def _pass(self, one: socket.socket) -> None:
        try:
            piece = one.recv(_PIECE)
            if piece:
                self._pairs[one].sendall(piece)
                return
        except OSError:
            pass
        self._part(one)
