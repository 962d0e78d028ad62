"""What workers call in tests of map-reduce: functions that a process of its own finds by name."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from rushes.frame import Frame


def doubled(frame: Frame) -> dict[str, Any]:
    assert frame.number is not None
    return {"twice": 2 * frame.number, "pid": os.getpid()}


def as_it_came(frame: Frame) -> None:
    return None


def inverted(frame: Frame) -> Frame:
    return Frame(255 - frame.array, meta={"was": frame.number})


def fails_at_3(frame: Frame) -> Any:
    if frame.number == 3:
        raise ValueError("three is too many")
    return frame.number


def hangs_at_3(frame: Frame) -> Any:
    if frame.number == 3:
        time.sleep(600)
    return frame.number


def nonsense_at_3(frame: Frame) -> Any:
    return object() if frame.number == 3 else {"ok": True}


def exits_at_3(frame: Frame) -> Any:
    if frame.number == 3:
        os._exit(7)
    return frame.number


def hangs_once(frame: Frame) -> int:
    """The process of frame 3 hangs the first time, having written its id into the file meta names."""
    place = frame.meta.get("here")
    if place and not Path(str(place)).exists():
        Path(str(place)).write_text(str(os.getpid()))
        time.sleep(600)
    return os.getpid()


def takes_a_while(frame: Frame) -> dict[str, Any]:
    """As long as the environment of its worker says; tells whose it was, and by the file ``HERE`` that it has begun."""
    if here := os.environ.get("HERE"):
        Path(here).touch()
    time.sleep(float(os.environ.get("TAKES_S", "0.02")))
    return {"mean": float(np.mean(frame.array)), "who": os.environ.get("WHO", "")}
