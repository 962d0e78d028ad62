"""A thread with an event loop, for a library that only knows asyncio, under callers that do not.

Exit: the thread is a daemon, so that a program which forgot a link ends. Fork: the child has no such thread, and
must not touch the loop it inherited: its sockets and its poll set are shared with the parent.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from rushes.errors import ClosedError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["LoopThread"]

T = TypeVar("T")
_log = logging.getLogger("rushes.wire")
_JOIN_S = 10.0
_INSIST_S = 1.5
_LARGE_BYTES = 24 << 20


class LoopThread:
    """Runs ``main()`` until :meth:`stop` or its end; ``failed(error)`` is called there when it raised."""

    def __init__(
        self,
        name: str,
        main: Callable[[], Coroutine[Any, Any, None]],
        failed: Callable[[Exception], object],
    ) -> None:
        self.name = name
        self._main, self._failed = main, failed
        self._owner = os.getpid()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread; its loop runs when this returns."""
        _warm_allocator()
        self._thread.start()
        self._ready.wait()

    @property
    def inherited(self) -> bool:
        """Whether this is a forked child's copy, without a thread."""
        return os.getpid() != self._owner

    @property
    def here(self) -> bool:
        """Whether the caller runs on the thread itself."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[..., object], *arguments: object) -> bool:
        """Has ``function(*arguments)`` called on the thread soon; False when the thread has ended."""
        with self._lock:  # the loop is not closed between the look and the call
            if self._loop is None or self.inherited:
                return False
            self._loop.call_soon_threadsafe(function, *arguments)
            return True

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` returns or raises on the thread. ClosedError when the thread ends before it."""
        if self.here:
            work.close()
            raise ConfigError(f"{self.name}: this call waits, and must not be made from a callback")
        with self._lock:
            if self._loop is None or self.inherited:
                work.close()
                raise ClosedError(f"{self.name} is closed", name=self.name)
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise ClosedError(f"{self.name} was closed meanwhile", name=self.name) from error
        except BaseException:  # Ctrl-C: nobody waits for it any more
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancels ``main()`` and whatever else runs there, and returns when the thread has ended."""
        if self.inherited:
            return
        self.call(self._cancel)
        if not self.here:
            self._thread.join(_JOIN_S)

    def _cancel(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            # Once is not enough: asyncio's own wait_for loses a cancellation that meets the end of what it waits
            # for, and the client library takes some for its own.
            asyncio.get_running_loop().call_later(_INSIST_S, self._cancel)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                try:
                    runner.run(self._guarded())
                finally:
                    with self._lock:
                        self._loop = None
        finally:
            self._ready.set()

    async def _guarded(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        try:
            await self._main()
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001  without its last words the link would only fall silent
            _log.exception("%s stopped", self.name)
            self._failed(error)


def _warm_allocator() -> None:
    """Has the C library keep freed memory of the size of frames instead of giving it back to the system each time.

    It does so for sizes up to the largest it has seen freed, on glibc at most 32 MiB. The client library copies
    every message on the way out, and each copy in memory new to the process costs more than the copying: half a
    megabyte took 0.9 ms of this thread, and takes 0.4. Nothing here is ever touched, so nothing is taken up.
    """
    bytes(_LARGE_BYTES)
