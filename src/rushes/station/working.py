"""One worker of a station: calls a function on frames, in a process of its own that may end at any time."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rushes
from rushes.clock import SYSTEM
from rushes.errors import ConfigError
from rushes.station.messages import Ready, Trouble, WorkerTask
from rushes.stream.work.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.station.child import Link

__all__ = ["work"]

_TELL_NS = 10_000_000_000
_TEXT = 400


def work(task: WorkerTask, link: Link) -> None:
    """Works until told to stop. ConfigError for a function that cannot be imported.

    The function is also looked for in the folder the station was started in. What it does wrong is told.
    """
    _look_here()
    with (
        _told(link),
        Worker(
            task.endpoint, None, task.track, reqthread=1, decproc=1, keys=task.keys, insecure=task.insecure
        ) as worker,
    ):

        def end() -> None:
            link.stop.wait()
            worker.stop()

        threading.Thread(target=end, name="stop", daemon=True).start()
        link.say(Ready())
        try:
            worker.run(task.call, timeout_s=task.timeout_s, tries=task.tries)
        except ConfigError as error:  # without where in this package it was noticed
            raise ConfigError(_line(str(error)), option="call") from error


def _look_here() -> None:
    # Last, unlike where people start workers themselves: a station's own modules are not to be shadowed.
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)


@contextmanager
def _told(link: Link) -> Iterator[None]:
    """Has the station told of the frames that are given up: nobody sees the log of this process."""
    log, telling = logging.getLogger("rushes.stream"), _Telling(link)
    log.addHandler(telling)
    try:
        yield
    finally:
        log.removeHandler(telling)


class _Telling(logging.Handler):
    """The first at once, then one in ten seconds: a function that is wrong is wrong with every frame."""

    def __init__(self, link: Link) -> None:
        super().__init__(logging.ERROR)
        self._link = link
        self._due_ns = self._untold = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.module.startswith("crew"):
            return  # that there is no function at all ends this process, and is told then
        now_ns = SYSTEM.monotonic_ns()
        if now_ns < self._due_ns:
            self._untold += 1
            return
        self._due_ns = now_ns + _TELL_NS
        said = self._link.say(Trouble(_line(record.getMessage()), self._untold))
        self._untold = 0 if said else self._untold + 1


def _line(text: str) -> str:
    """What went wrong and, where that is told and not in this package, the last place it passed: in one line."""
    first, *more = text.strip().splitlines() or [""]
    places = [each.strip() for each in more if each.strip().startswith("File ")]
    where = f" ({places[-1]})" if places and os.path.dirname(rushes.__file__) not in places[-1] else ""
    return f"{first[:_TEXT]}{where[:_TEXT]}"
