"""The door for Qt programs written for a screen capture tool's worker.

Write ``from rushes.compat.capture_worker import ThreadPool`` for the older import; assign
``capture_worker.temp_capture_dir`` to have the pictures elsewhere.
"""

from __future__ import annotations

import queue as queues
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rushes.compat.captured_folder import CapturedFolder
from rushes.errors import ConfigError
from rushes.qt.binding import QtCore
from rushes.qt.controller import CaptureController, cache_folder, kind_of, open_recorder
from rushes.qt.pictures import encoded
from rushes.qt.rects import region_of
from rushes.qt.session import Session, Wish
from rushes.qt.signals import EVENTS, CaptureSignals, emit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from rushes.capture.recorder import Recorder
    from rushes.qt.rects import Region

__all__ = ["ThreadPool", "ThreadSignals", "Worker", "clear_temp_dir", "temp_capture_dir"]

temp_capture_dir = str(cache_folder("temp_capture_imgs"))
"""Where captured pictures go: this user's cache folder, unless it is assigned another. Looked at when a capture
begins, and by ``clear_temp_dir``.
"""
WRITERS = 2
"""Threads of a capture to which none were added."""
WELL = frozenset({"stopped", "cancelled", "source ended"})
"""The reasons to end that are no errors."""


def clear_temp_dir() -> None:
    """Deletes the pictures that captures left in ``temp_capture_dir``; nothing else that lies there.

    ConfigError while a capture is writing.
    """
    _folder().clear()


def _folder() -> CapturedFolder:
    return CapturedFolder(Path(temp_capture_dir))


class ThreadSignals(CaptureSignals):
    """The signals of a worker, which as a QRunnable can have none itself."""


class Worker(QtCore.QRunnable):
    """Captures a part of the screen as numbered pictures in ``temp_capture_dir``.

    ``rect`` is a QRect or (x, y, width, height) in screen pixels, None for all of it; ``quality`` that of
    QPixmap.save: 0 to 100 for JPEG, -1 for PNG. Setting ``Stop`` or ``Cancel`` on a worker ends its capture, on
    the class those of all. ``signals`` are the worker's own; ``inst`` tells what any worker does.
    """

    StatusOk = 0
    StatusError = 1
    Stop = False
    Cancel = False
    inst: ClassVar[ThreadSignals] = ThreadSignals()

    def __init__(self, rect: Any, quality: int) -> None:
        super().__init__()
        self.setAutoDelete(False)  # it is Python's to delete; a pool would leave a dead object behind
        self.signals: CaptureSignals = ThreadSignals()
        for name in EVENTS:
            getattr(self.signals, name).connect(getattr(Worker.inst, name))
        self._session: Session | None = None
        self._region = region_of(rect)
        self._quality = _checked(quality)
        self._writers = 0
        self._capturing = threading.Event()
        self._over = threading.Event()
        self.reset_global_vars()

    @property
    def error(self) -> Exception | None:
        """Why the newest capture could not begin; None when it could."""
        return None if self._session is None else self._session.error

    def run(self) -> None:
        """Captures until stopped or cancelled: what a thread, or a QThreadPool, is to call."""
        try:
            self.capture(self._region)
        finally:
            self._over.set()

    def stop(self) -> None:
        """Ends the capture and keeps it. Returns at once; what is captured is written first."""
        self.Stop = True

    def cancel(self) -> None:
        """Ends the capture and deletes its pictures. Returns at once."""
        self.Cancel = True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether ``run`` was over within that time."""
        return self._over.wait(timeout_s)

    def capture(self, rect: Any, capture_rate: float = 0.04) -> int:
        """Captures a picture every ``capture_rate`` seconds until stopped or cancelled; StatusOk or StatusError.

        The pictures that an earlier capture left are deleted first. What goes wrong is no exception: ``error``
        has it, or the summary that comes with ``capture_finished``. ConfigError for arguments that cannot be used.
        """
        if not capture_rate > 0:
            raise ConfigError(f"capture_rate is {capture_rate}: give the seconds between two pictures")
        session = Session(partial(self._open, region_of(rect), capture_rate), self.signals, flags=self._flags)
        self._session = session
        self._capturing.set()
        try:
            summary = session.run()
        finally:
            self._capturing.clear()
        return self.StatusOk if summary.reason in WELL else self.StatusError

    def add_writer_workers(self, thread_count: int, quality: int) -> None:
        """Gives the capture that comes next so many more threads that write, and its ``quality``.

        ConfigError during a capture and for less than one thread.
        """
        if self._capturing.is_set():
            raise ConfigError("writers are added before the capture begins: this one is running")
        if thread_count < 1:
            raise ConfigError(f"thread_count is {thread_count}: add at least one", option="thread_count")
        self._quality = _checked(quality)
        self._writers += thread_count

    def save_pixmaps(self, queue: Any, quality: int) -> None:
        """Writes the QPixmaps and QImages waiting in ``queue`` into ``temp_capture_dir``, until it is empty.

        Each gets the next free number, told by ``pixmap_saved``. Several threads may share a queue. Once
        cancelled, what still waits is thrown away. OSError when the disk is full; ConfigError while a capture
        writes there and for what is no picture.
        """
        quality = _checked(quality)
        folder, number = _folder(), 0
        with folder.claimed(shared=True):
            for pixmap in _waiting(queue):
                if not self.Cancel:
                    number = folder.add(*encoded(pixmap, quality), number)
                    emit(self.signals.pixmap_saved, number)

    def clear_queue(self, queue: Any) -> None:
        """Throws away what waits in ``queue``."""
        for _ in _waiting(queue):
            pass

    def reset_global_vars(self) -> None:
        """Takes back a Stop and a Cancel that were set for all workers; done whenever a worker is made."""
        Worker.Stop = Worker.Cancel = False

    def _flags(self) -> Wish | None:
        return "cancel" if self.Cancel else "stop" if self.Stop else None

    def _open(self, region: Region | None, capture_rate: float, held: ExitStack) -> Recorder:
        folder = _folder()
        folder.clear()
        format, quality = kind_of(self._quality)
        return open_recorder(
            "screen:" if region is None else f"screen:{','.join(map(str, region))}",
            held.enter_context(folder.claimed()),
            held,
            options={},
            every_s=capture_rate,
            format=format,
            quality=quality,
            threads=self._writers or WRITERS,
        )


class ThreadPool(CaptureController):
    """Manages the workers: one capture of the screen at a time, on a thread of its own.

    As :class:`rushes.qt.CaptureController`, with its signals, but into ``temp_capture_dir``.
    """

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)

    def start(self, rect: Any, quality: int) -> None:  # type: ignore[override]  # the place is temp_capture_dir
        """Begins to capture ``rect`` with ``quality``, both as for :class:`Worker`. Returns at once."""
        super().start(rect, quality, out=temp_capture_dir)

    def _new_recording(self, rect: Any, quality: int, out: Path) -> Worker:
        return Worker(rect, quality)


def _checked(quality: int) -> int:
    """QPixmap.save also takes 0, the smallest file there is."""
    return kind_of(quality or 1)[1] if quality != -1 else quality


def _waiting(queue: Any) -> Iterator[Any]:
    """What is in the queue just now and is put into it meanwhile; never waits for more."""
    while True:
        try:
            item = queue.get_nowait()
        except queues.Empty:
            return
        try:
            yield item
        finally:
            if hasattr(queue, "task_done"):  # a SimpleQueue counts no tasks
                queue.task_done()
