"""One screen, grabbed by one way again and again: ``grabs.py WAY COUNT`` prints processor seconds for each."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def ours(way: str) -> Callable[[], Any]:
    from rushes.capture.screen.choose import choose

    return choose(None, None, way)[0].grab


def qt() -> Callable[[], Any]:
    from PySide6 import QtGui, QtWidgets

    app = QtWidgets.QApplication([])
    screen = QtGui.QGuiApplication.primaryScreen()
    return lambda: (app, screen.grabWindow(0))[1]


def mss() -> Callable[[], Any]:
    import mss as library

    screen = library.MSS()
    place = screen.monitors[1]
    return lambda: screen.grab(place).raw


def main() -> None:
    way, count = sys.argv[1], int(sys.argv[2])
    grab = {"qt": qt, "mss": mss}.get(way, lambda: ours(way))()
    grab()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        grab()
    print(
        json.dumps(
            {"wall_s": (time.perf_counter() - wall) / count, "cpu_s": (time.process_time() - cpu) / count}
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
