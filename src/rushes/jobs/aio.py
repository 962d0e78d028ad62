"""Awaiting handles in an event loop, with one wake-up of the loop for all that end meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from rushes.jobs.handle import Handle

__all__ = ["on_loop_thread", "wait"]


def wait(handle: Handle) -> Generator[Any, None, None]:
    """Suspends the awaiting task until the handle ends; a cancelled task cancels its handle and no other."""
    loop = asyncio.get_running_loop()
    box = handle.queue.boxes.box(loop)
    future: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        box.post(_finish, future)

    if not handle.queue.add_waiter(handle, wake):
        return
    try:
        yield from future
    except asyncio.CancelledError:
        handle.cancel()
        raise


def on_loop_thread() -> bool:
    """Whether an event loop runs on this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
