"""gh-frames-depot: a list of frames, and one frame of shared memory that ``get_frame`` fills."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
import warnings
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def timed(frame: np.ndarray[Any, Any], copies: int) -> Iterator[Callable[[], float]]:
    """Gives what times one enqueue, get_frame and the view of the result, in seconds."""
    from frames_depot import frames_depot as package

    name = f"rushes-bench-{secrets.token_hex(4)}"
    depots = [package.FramesDepot(frame.shape, name, max_size=8)]
    memory = SharedMemory(name)
    try:
        yield lambda: asyncio.run(_go(depots[0], memory, frame, copies))
    finally:
        with warnings.catch_warnings():
            # Its destructor makes a coroutine and drops it; awaiting its close() would never return.
            warnings.simplefilter("ignore", RuntimeWarning)
            depots.clear()
            gc.collect()
        memory.close()
        memory.unlink()


async def _go(depot: Any, memory: SharedMemory, frame: np.ndarray[Any, Any], copies: int) -> float:
    start = time.perf_counter()
    for number in range(copies):
        await depot.enqueue({"frame_number": number, "frame": frame})
        depot.get_frame(number)
        np.ndarray(frame.shape, np.uint8, buffer=memory.buf)
    return (time.perf_counter() - start) / copies
