"""The older system's way of recording a screen, made again: ``screen_seed.py SECONDS FPS FOLDER``.

A loop grabs QPixmaps, puts them into a queue without bound, and sleeps for the rest of the period; four threads
save each as a JPEG of its own. Prints what came of it as JSON.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from pathlib import Path

from PySide6 import QtCore, QtGui, QtWidgets

QUALITY = 80
WRITERS = 4


def main() -> None:
    seconds, fps, folder = float(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    QtWidgets.QApplication([])
    screen = QtGui.QGuiApplication.primaryScreen()
    pixmaps: queue.Queue[tuple[int, QtGui.QPixmap] | None] = queue.Queue()

    def save() -> None:
        while (item := pixmaps.get()) is not None:
            number, pixmap = item
            pixmap.save(str(folder / f"{number:06d}.jpg"), "JPG", QUALITY)

    writers = [threading.Thread(target=save) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    period, count = 1 / fps, 0
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        pixmaps.put((count, screen.grabWindow(0)))
        count += 1
        time.sleep(max(0.0, period - (time.monotonic() - began)))
    waiting = pixmaps.qsize()
    for _ in writers:
        pixmaps.put(None)
    for writer in writers:
        writer.join()
    QtCore.QCoreApplication.quit()
    print(json.dumps({"frames": count, "waiting_at_end": waiting}))


if __name__ == "__main__":
    main()
