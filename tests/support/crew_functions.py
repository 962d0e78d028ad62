"""What crews call in tests: functions that a process of its own finds by name."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from rushes.figures import Box
from rushes.frame import Frame


def as_it_came(frame: Frame) -> None:
    return None


def inverted(frame: Frame) -> Frame:
    return Frame(
        255 - frame.array, 999, format=frame.format, meta={"was": frame.number}, figures=[Box(0, 0, 1, 1)]
    )


def bare(frame: Frame) -> np.ndarray[Any, Any]:
    return frame.array.astype(np.float32)


def told(frame: Frame) -> dict[str, Any]:
    return {"number": frame.number, "mean": frame.array.mean(), "pid": os.getpid()}


def nonsense(frame: Frame) -> object:
    return object()


def broken(frame: Frame) -> None:
    raise ValueError(f"no such thing in frame {frame.number}")


def by_number(frame: Frame) -> Any:
    """What happens is chosen by the frame's number."""
    if frame.number == 1:
        sys.exit(3)
    if frame.number == 2:
        os._exit(4)
    if frame.number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if frame.number == 4:
        time.sleep(600)
    if frame.number == 5:
        raise KeyboardInterrupt
    return None


def waits_for(frame: Frame) -> int:
    """Makes the file meta names "here", then waits until the one named "go" is there; its process's id."""
    Path(str(frame.meta["here"])).write_text(str(os.getpid()))
    while not Path(str(frame.meta["go"])).exists():
        time.sleep(0.002)
    return os.getpid()


def loud(frame: Frame) -> None:
    print(f"frame {frame.number} said", end="")
    print(" and cried", file=sys.stderr)


def with_offspring(frame: Frame) -> int:
    """Starts a process that outlives this one's work and holds all it inherits, then hangs; tells by meta's file."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
    Path(str(frame.meta["here"])).write_text(str(child))
    time.sleep(600)
    return child


def says_goodbye(frame: Frame) -> None:
    """Makes the file meta names "here" a while after its process has begun to end in good order."""
    atexit.register(Path(str(frame.meta["here"])).touch)
    atexit.register(time.sleep, 0.3)  # what is registered last is called first


def will_not_end(frame: Frame) -> None:
    threading.Thread(target=time.sleep, args=(600,)).start()


def closes_everything(frame: Frame) -> None:
    os.closerange(3, 200)
    time.sleep(600)


def writes_everywhere(frame: Frame) -> None:
    for descriptor in range(3, 200):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"\xff" * 100)
    time.sleep(600)


class Tools:
    """Functions that are not at the top of a module."""

    @classmethod
    def of_class(cls, frame: Frame) -> str:
        return cls.__name__

    @staticmethod
    def static(frame: Frame) -> None:
        return None

    def method(self, frame: Frame) -> None:
        return None


not_callable = 3
in_a_name = lambda frame: None  # noqa: E731
