"""A crew whose answers can be waited for, and parcels to give it."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from rushes.errors import RushesError
from rushes.stream import parcel as parcels
from rushes.stream.crew import Answer, Crew, Done
from rushes.stream.parcel import Parcel
from rushes.wire.message import Header, lay_out

FUNCTIONS = "tests.support.crew_functions"
PATIENCE_S = 30.0


def parcel_of(array: np.ndarray[Any, Any], number: int = 0, **fields: Any) -> tuple[Parcel, memoryview]:
    """A raw frame, unpacked; ``fields`` are the header's."""
    dtype, shape, payload = lay_out(array)
    known = {"stream": "cam", "run": 7, "captured_ns": 1000, "sent_ns": 2000, "track": "t"}
    kind = "bgr24" if array.ndim == 3 and dtype == "u1" else "array"
    given = {"codec": "raw", "format": kind, "dtype": dtype, "shape": shape, "length": len(payload)}
    header = Header(number=number, **{**known, **given, **fields})
    return Parcel(header=header, index=number), payload


def small(number: int = 0, **fields: Any) -> tuple[bytes, memoryview]:
    """A packed parcel of a 4 x 6 picture whose values are its number."""
    parcel, payload = parcel_of(np.full((4, 6, 3), number % 256, np.uint8), number, **fields)
    return parcels.pack(parcel), payload


class Answers:
    """What a crew told: answers, rises of idle, and its failure."""

    def __init__(self) -> None:
        self.done: queue.Queue[tuple[Any, Answer]] = queue.Queue()
        self.idle: queue.Queue[None] = queue.Queue()
        self.failed: queue.Queue[RushesError] = queue.Queue()

    def next(self) -> tuple[Any, Answer]:
        return self.done.get(timeout=PATIENCE_S)

    def wait_idle(self, count: int = 1) -> None:
        for _ in range(count):
            self.idle.get(timeout=PATIENCE_S)


def unpacked(answer: Answer) -> tuple[Parcel, Any]:
    """A result's parcel and message."""
    assert isinstance(answer, Done), answer
    return parcels.unpack(answer.head, answer.payload)


@contextlib.contextmanager
def crew(fn: Any, procs: int = 1, **options: Any) -> Iterator[tuple[Crew, Answers]]:
    """A crew of which ``procs`` processes are ready."""
    told = Answers()
    made = Crew(
        fn if not isinstance(fn, str) or ":" in fn else f"{FUNCTIONS}:{fn}",
        procs=procs,
        name="test",
        on_done=lambda task, answer: told.done.put((task, answer)),
        on_idle=lambda: told.idle.put(None),
        on_failed=told.failed.put,
        **options,
    )
    with made:
        told.wait_idle(procs)
        yield made, told
