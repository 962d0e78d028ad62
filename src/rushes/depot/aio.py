"""A depot under asyncio: one thread per handle waits for frames and wakes the coroutines that want them.

The thread starts with the first waiter and sleeps, without waking up now and then, while there is none. One
pool thread per waiter was rejected: it cannot be cancelled while it waits, and a pool of a few threads
starves with as many readers.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import TYPE_CHECKING, Any, cast

from rushes.depot import policy
from rushes.depot.waiting import SLICE_S, check_writer, remaining
from rushes.errors import ClosedError

if TYPE_CHECKING:
    from rushes._native.core import Core, Hold
    from rushes.depot.handle import Handle

__all__ = ["AsyncWaits"]

Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class AsyncWaits:
    """The async side of one handle."""

    def __init__(self, depot: Handle) -> None:
        self._depot = depot
        self._changed = threading.Condition()
        self._waiters: dict[Waiter, int] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    async def next_hold(self, after: int, timeout_s: float | None) -> Hold | None:
        """The next frame newer than ``after``; None when ``timeout_s`` seconds passed."""
        depot = self._depot
        core = depot._core
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            floor = max(after, core.head())
            hold = depot._look(after)
            if hold is not None:
                return hold
            left = remaining(until)
            if left <= 0:
                return None
            if depot.closed:
                raise ClosedError(
                    f"depot {depot.name!r} was closed while waiting for a frame", name=depot.name
                )
            check_writer(depot, core, after)
            await self._newer(core, floor, left)

    async def _newer(self, core: Core, floor: int, left: float) -> None:
        """Returns when something newer than ``floor`` was published, the writer died, the handle closed, or
        time is up.
        """
        loop = asyncio.get_running_loop()
        waiter: Waiter = (loop, loop.create_future())
        with self._changed:
            self._waiters[waiter] = floor
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(
                    target=self._watch, args=(core,), name="rushes-depot-aio", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        try:
            # A timer of ours and not wait_for: being cancelled must not look like being late.
            await asyncio.wait((waiter[1],), timeout=min(left, 3600.0))
        finally:
            with self._changed:
                self._waiters.pop(waiter, None)

    def _watch(self, core: Core) -> None:
        while True:
            with self._changed:
                while not self._waiters and not self._stopping:
                    self._changed.wait()
                if self._stopping:
                    break
                floor = min(self._waiters.values())
            published = core.wait(floor, SLICE_S)
            if published or core.writer_gone():
                self._wake(core.head())
        self._wake(None)

    def _wake(self, head: int | None) -> None:
        """Wake those who wait for something up to ``head``; everyone when it is None or the writer is gone."""
        with self._changed:
            due = [waiter for waiter, floor in self._waiters.items() if head is None or floor < head] or list(
                self._waiters
            )
            for waiter in due:
                del self._waiters[waiter]
        loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for loop, future in due:
            loops.setdefault(loop, []).append(future)
        for loop, futures in loops.items():
            try:
                loop.call_soon_threadsafe(_resolve, futures)
            except RuntimeError:
                continue  # that loop was closed with its waiters still in it

    async def drive(self, steps: policy.Admission, timeout_s: float | None) -> tuple[str, int, int]:
        """Run an admission to its end: as ``Writing._drive``, awaiting instead of waiting."""
        depot = self._depot
        core = depot._core
        until = None if timeout_s is None else time.monotonic() + timeout_s
        answer: Any = None
        while True:
            ticket = core.room_ticket()
            try:
                step = steps.send(answer)
            except StopIteration as done:
                return cast("tuple[str, int, int]", done.value)
            if step is policy.Step.ASK:
                chosen = depot._ask(depot.stats())  # type: ignore[misc]
                answer = policy.check_answer(await chosen if inspect.isawaitable(chosen) else chosen)
            elif remaining(until) <= 0:
                answer = False
            else:
                # Room is rare news, worth a pool thread for a slice; a cancelled wait costs at most that
                # slice.
                await asyncio.to_thread(core.wait_room, ticket, min(SLICE_S, remaining(until)))
                answer = True

    def close(self) -> None:
        """End the thread; whoever still waits finds the handle closed."""
        with self._changed:
            self._stopping = True
            thread = self._thread
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join()


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
