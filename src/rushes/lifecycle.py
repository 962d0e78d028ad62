"""How things end: objects that close once, and tokens that tell work to stop.

There is no ``__del__`` anywhere: a finaliser runs at an unknown moment on an unknown thread, often too late
to do anything. Use ``with``, or call ``close()``.
"""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from rushes.errors import ClosedError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType

    from rushes.errors import RushesError

__all__ = ["AsyncCloseable", "Closeable", "ProcessBound", "StopToken"]


class Closeable(ABC):
    """Base of what holds something and gives it back: ``close()``, ``with``, ``closed``.

    A subclass calls ``super().__init__()`` first, puts the giving back into ``_close()``, and begins each
    public method with ``_check_open()``. ``_close()`` is called once however often, and from however many
    threads, ``close()`` is.
    """

    def __init__(self) -> None:
        self.__lock = threading.Lock()
        self.__closed = False

    @property
    def closed(self) -> bool:
        """True from the moment a close begins."""
        return self.__closed

    def close(self) -> None:
        """Gives everything back; further calls do nothing. What ``_close()`` raises is raised once, here.

        A call that meets another thread's close returns at once instead of waiting for it: waiting would
        hang for ever when that close is itself waiting for the calling thread to end.
        """
        with self.__lock:
            if self.__closed:
                return
            self.__closed = True
        self._close()

    @abstractmethod
    def _close(self) -> None:
        """Gives everything back. Called at most once, under no lock."""

    def _check_open(self) -> None:
        """Raises ClosedError, with the object's name, once closed."""
        if self.__closed:
            raise ClosedError(f"{self._label()} is closed", name=self._label())

    def _label(self) -> str:
        """What error messages call this object: its class, and its ``name`` where it has one."""
        name = getattr(self, "name", None)
        return f"{type(self).__name__} {name!r}" if name else type(self).__name__

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncCloseable(Closeable):
    """A Closeable whose close may wait: also ``await aclose()`` and ``async with``."""

    async def aclose(self) -> None:
        """As ``close()``, on a helper thread, so that the event loop goes on meanwhile."""
        import asyncio  # costs several times the start of everything else here; only who awaits pays

        await asyncio.to_thread(self.close)

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class ProcessBound(Closeable):
    """A Closeable whose threads, connections or locks a fork leaves with the process that made it.

    In a forked child it is closed from the start: every use raises, and ``close()`` gives nothing back, for all
    of it is the parent's. Put it before other bases.
    """

    def __init__(self) -> None:
        super().__init__()
        self.__maker = os.getpid()

    @property
    def closed(self) -> bool:
        """True from the moment a close begins, and in a forked child."""
        return self.__inherited or super().closed

    def close(self) -> None:
        """As of every Closeable; nothing in a forked child."""
        # Not even marked there: another thread of the parent may have held that lock at the fork.
        if not self.__inherited:
            super().close()

    def _check_open(self) -> None:
        super()._check_open()
        if self.__inherited:
            raise self._foreign()

    def _foreign(self) -> RushesError:
        """What is raised at a use in a forked child."""
        return ClosedError(f"{self._label()} was opened by another process", name=self._label())

    @property
    def __inherited(self) -> bool:
        return os.getpid() != self.__maker


class StopToken:
    """A wish to stop, made once by one side and checked, waited for or awaited by the other.

    Never taken back.

    Every loop that waits, waits on its token instead of sleeping: ``while not stop.wait(period_s): …``. All
    methods may be called from any thread.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._next_key = 0
        # Weak, so that a long-lived token does not gather the tokens of all the short work ever started
        # under it.
        self._children: weakref.WeakSet[StopToken] = weakref.WeakSet()

    @property
    def stopped(self) -> bool:
        """True once set."""
        return self._event.is_set()

    def check(self) -> None:
        """Returns while work may go on; raises ClosedError once set."""
        if self._event.is_set():
            raise ClosedError(f"{self.name or 'the work'} was told to stop", name=self.name)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits for the stop, at most ``timeout_s`` seconds (None: for ever); whether it came."""
        return self._event.wait(timeout_s)

    async def wait_async(self, timeout_s: float | None = None) -> bool:
        """As :meth:`wait`, without holding up the event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        remove = self.on_stop(lambda: _wake(loop, done))
        try:
            await asyncio.wait_for(done, timeout_s)
        except TimeoutError:
            return self.stopped
        finally:
            remove()
        return True

    def on_stop(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Calls ``callback()`` once when the token is set, on the setting thread; at once if it is set.

        Returns a function that takes the callback back; it may be called at any time, also too late. No
        lock is held while the callback runs.
        """
        with self._lock:
            if not self._event.is_set():
                key = self._next_key
                self._next_key += 1
                self._callbacks[key] = callback
                return lambda: self._forget(key)
        callback()
        return _nothing

    def child(self, name: str = "") -> StopToken:
        """A token that is set with this one, and can be set alone without this one.

        Keep it: it is held weakly.
        """
        token = StopToken(name or self.name)
        with self._lock:
            if not self._event.is_set():
                self._children.add(token)
                return token
        token.set()
        return token

    def set(self) -> None:
        """Asks for the stop: wakes every waiter, sets the children, then runs the callbacks in their order.

        Further calls do nothing. Every callback is run even when one raises; then that error is raised here
        (an ExceptionGroup when there are several).
        """
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            calls: list[Callable[[], object]] = [each.set for each in self._children]
            calls += self._callbacks.values()
            self._callbacks.clear()
        _call_all(calls)

    def _forget(self, key: int) -> None:
        with self._lock:
            self._callbacks.pop(key, None)


def _call_all(calls: list[Callable[[], object]]) -> None:
    errors: list[Exception] = []
    for call in calls:
        try:
            call()
        except Exception as error:  # noqa: BLE001  a stop must reach everyone, whichever callback is broken
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("several stop callbacks failed", errors)


def _wake(loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_finish, done)
    except RuntimeError:
        if not loop.is_closed():
            raise
        # The loop ended between this token's set and its waiter's leaving: nobody is left to be woken.


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _nothing() -> None:
    return None
