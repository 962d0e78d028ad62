"""The five signals of a recording, as a Qt object of their own."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import TYPE_CHECKING

from rushes.qt.binding import QtCore

if TYPE_CHECKING:
    from typing import Any

__all__ = ["EVENTS", "CaptureSignals", "emit", "pass_on"]

EVENTS = ("frame_changed", "pixmap_saved", "capture_stopped", "capture_cancelled", "capture_finished")
"""The recorder's events, which are the signals' names too."""


class CaptureSignals(QtCore.QObject):
    """What a recording tells.

    ``frame_changed(number)`` when a frame was captured, ``pixmap_saved(number)`` when it is on the disk, each
    once and in order; then ``capture_stopped()`` or ``capture_cancelled()``; last, once,
    ``capture_finished(summary)``.
    """

    frame_changed = QtCore.Signal(int)
    pixmap_saved = QtCore.Signal(int)
    capture_stopped = QtCore.Signal()
    capture_cancelled = QtCore.Signal()
    capture_finished = QtCore.Signal(object)


def pass_on(source: CaptureSignals, target: QtCore.QObject, names: tuple[str, ...] = EVENTS) -> None:
    """Make ``target`` emit ``source``'s signals on its own thread, whichever thread they come from.

    Directly connected, a receiver that is a plain function would be called on the recorder's thread.
    """
    for name in names:
        getattr(source, name).connect(getattr(target, name), QtCore.Qt.ConnectionType.QueuedConnection)


def emit(signal: Any, *arguments: object) -> None:
    """``signal.emit(*arguments)``, which with PySide6 6.12.0 ends the process after some hundred times.

    That release returns a True it does not own; Python before 3.12 counts references to True and aborts when
    none is left. ``disconnect`` does the same, and is not used here for that reason.
    """
    signal.emit(*arguments)
    if _emit_robs():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(True))


@cache
def _emit_robs() -> bool:
    """Tried, not told by the version: the next release may do it as well."""
    times, probe, before = 32, QtCore.QObject(), sys.getrefcount(True)
    for _ in range(times):
        probe.objectNameChanged.emit("")
    lost = before - sys.getrefcount(True) > times // 2
    if lost:
        for _ in range(times):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(True))
    return lost
