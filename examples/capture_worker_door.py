"""A script written for a screen capture tool's worker, run here: its import line is all that changed.

python examples/capture_worker_door.py [SECONDS [X,Y,WIDTH,HEIGHT]]

The pictures of that part of the screen are counted, looked for on the disk, and deleted again. Needs the extra "qt".
"""

from __future__ import annotations

import os
import sys
from typing import Any

from PySide6.QtCore import QCoreApplication, QRect, QTimer

from rushes.compat import capture_worker
from rushes.compat.capture_worker import ThreadPool, clear_temp_dir


class Tool:
    """What the tool's window did with the signals."""

    def __init__(self, app: QCoreApplication, rect: QRect, seconds: float) -> None:
        self.app, self.captured, self.code = app, 0, 1
        self.pool = ThreadPool()
        self.pool.frame_changed.connect(self.on_frame)
        self.pool.capture_stopped.connect(lambda: print("stopped"))
        self.pool.capture_finished.connect(self.on_finished)
        self.pool.start(rect, 80)
        QTimer.singleShot(int(seconds * 1000), self.pool.stop)

    def on_frame(self, number: int) -> None:
        self.captured += 1

    def on_finished(self, summary: Any) -> None:
        if self.pool.error is not None:
            print("nothing captured:", self.pool.error)
        else:
            found = [name for name in os.listdir(capture_worker.temp_capture_dir) if name.endswith(".jpg")]
            print(f"captured {self.captured}, saved {summary.written}, found {len(found)}")
            self.code = 0
        clear_temp_dir()
        self.app.quit()


def main(arguments: list[str]) -> int:
    """The exit code: 1 when there was no screen."""
    app = QCoreApplication(sys.argv[:1])
    seconds = float(arguments[0]) if arguments else 2.0
    rect = [int(part) for part in arguments[1].split(",")] if len(arguments) > 1 else [0, 0, 320, 240]
    tool = Tool(app, QRect(*rect), seconds)
    app.exec()
    return tool.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
