"""Recording a part of the screen from a Qt program."""

from __future__ import annotations

import atexit
import threading
import weakref
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rushes.errors import ClosedError, ConfigError, unknown_name
from rushes.qt.binding import QtCore
from rushes.qt.rects import region_of
from rushes.qt.session import Session
from rushes.qt.signals import EVENTS, CaptureSignals, emit, pass_on

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack
    from types import TracebackType

    from rushes.capture.recorder import Recorder, Summary
    from rushes.qt.session import Recording

__all__ = ["CaptureController", "cache_folder"]

MIB = 1 << 20
FORMATS = ("mp4", "jpeg", "qoi", "png")
LOSSLESS = -1
"""The quality that QPixmap.save takes for "no loss asked for, no number given"."""


def cache_folder(name: str) -> Path:
    """A folder of this user's where what can be made again is kept: on a disk, not in memory as /tmp often is."""
    place = QtCore.QStandardPaths.StandardLocation.GenericCacheLocation
    return Path(QtCore.QStandardPaths.writableLocation(place), "rushes", name)


class CaptureController(CaptureSignals):
    """Starts and ends recordings of the screen, one at a time, without holding up the program's events.

    All signals come on the thread this object lives on, in order, each once; so a slot of a window can be
    connected as it is, and so can a plain function. ``capture_finished(summary)`` ends every recording that was
    begun. Its ``reason`` is that of :class:`rushes.Recorder`; where the screen could not be opened or the file
    not be written to begin with, it is "source lost", nothing was captured, and :attr:`error` says why.

    ``folder``    where recordings go that are given no place of their own; None: in the user's cache folder.
    ``source``    what is recorded; any of :func:`rushes.open_source`, but only "screen:" has regions.
    ``every_s``   seconds from frame to frame.
    ``format``    "mp4" "jpeg" "qoi" "png"; None: "jpeg", or "png" when the quality is -1.
    ``display``   the X display, None: the one of $DISPLAY.
    ``memory_bytes`` ``disk_bytes``  as for :class:`rushes.Recorder`.
    """

    def __init__(
        self,
        parent: QtCore.QObject | None = None,
        *,
        folder: str | Path | None = None,
        source: str = "screen:",
        every_s: float = 0.04,
        format: str | None = None,
        display: str | None = None,
        memory_bytes: int = 256 * MIB,
        disk_bytes: int | None = None,
    ) -> None:
        super().__init__(parent)
        if format is not None and format not in FORMATS:
            raise unknown_name("recording format", format, FORMATS)
        if not every_s > 0:
            raise ConfigError(f"every_s is {every_s}: give the seconds between two frames", option="every_s")
        self._folder = Path(folder) if folder is not None else None
        self._source = source
        self._every_s = every_s
        self._format = format
        self._display = display
        self._budgets: dict[str, Any] = {"memory_bytes": memory_bytes, "disk_bytes": disk_bytes}
        self._running: Recording | None = None
        self._ending = _Ending()
        # Thrown away by Qt, with its parent, or by Python: nobody could stop the recording any more.
        self.destroyed.connect(self._ending.stop)
        weakref.finalize(self, self._ending.stop)
        self._closed = False
        self._out: Path | None = None
        self._summary: Summary | None = None
        self._error: Exception | None = None

    @property
    def recording(self) -> bool:
        """True from ``start`` until ``capture_finished`` is emitted, whose slots may start the next one."""
        return self._running is not None

    @property
    def out(self) -> Path | None:
        """The file or folder of the newest recording; None before the first."""
        return self._out

    @property
    def summary(self) -> Summary | None:
        """What became of the newest recording that has finished."""
        return self._summary

    @property
    def error(self) -> Exception | None:
        """Why the newest recording could not begin; None when it could."""
        return self._error

    def start(self, rect: Any = None, quality: int = 80, *, out: str | Path | None = None) -> None:
        """Begin to record ``rect``: a QRect or (x, y, width, height) in screen pixels, None for all of it.

        ``quality`` is 1 to 100; -1 asks for lossless pictures, or for the usual quality where a lossy
        ``format`` was chosen. ``out`` is a new file for "mp4" and a folder for pictures. Returns at once: the
        screen is opened on another thread. ConfigError when a recording runs already or an argument cannot be
        used, ClosedError after ``close``.
        """
        if self._closed:
            raise ClosedError("CaptureController is closed", name="CaptureController")
        if self._running is not None:
            raise ConfigError("a recording runs already: stop it, and start again when capture_finished came")
        place = Path(out) if out is not None else self._new_place(kind_of(quality, self._format)[0])
        recording = self._new_recording(rect, quality, place)
        self._out = place
        self._begin(recording)

    def stop(self) -> None:
        """End the recording and keep it. Returns at once; ``capture_finished`` comes when all is written."""
        if self._running is not None:
            self._running.stop()

    def cancel(self) -> None:
        """End the recording and delete what it made. Returns at once; may follow a ``stop``."""
        if self._running is not None:
            self._running.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether the recording was over within that time; holds up the calling thread and so its signals."""
        running = self._running
        return running is None or running.wait(timeout_s)

    def close(self) -> None:
        """Stop, and start no more. Returns at once: what was recorded is kept and finished in the background.

        The same happens when the object is destroyed or the program's event loop ends; a program that exits waits
        for what is still to be written.
        """
        self._closed = True
        self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new_recording(self, rect: Any, quality: int, out: Path) -> Recording:
        region = region_of(rect)
        if region is not None and self._source != "screen:":
            raise ConfigError(f"only the screen has regions: start {self._source!r} with rect=None")
        format, quality = kind_of(quality, self._format)
        # Nothing in it may lead back here: a controller held by its own recording would never be thrown away.
        return Session(
            partial(
                open_recorder,
                f"screen:{','.join(map(str, region))}" if region else self._source,
                out,
                options={"display": self._display} if self._source == "screen:" else {},
                every_s=self._every_s,
                format=format,
                quality=quality,
                **self._budgets,
            )
        )

    def _new_place(self, format: str) -> Path:
        folder = self._folder if self._folder is not None else cache_folder("recordings")
        name = f"{datetime.now().astimezone():%Y-%m-%d %H-%M-%S.%f}"
        return folder / (f"{name}.mp4" if format == "mp4" else name)

    def _begin(self, recording: Recording) -> None:
        self._running, self._ending.recording, self._error = recording, recording, None
        told = recording.signals
        pass_on(told, self, EVENTS[:-1])
        told.capture_finished.connect(self._finish, QtCore.Qt.ConnectionType.QueuedConnection)
        app = QtCore.QCoreApplication.instance()
        if app is not None:
            unique = QtCore.Qt.ConnectionType.UniqueConnection
            app.aboutToQuit.connect(self.stop, unique)
        threading.Thread(target=_carry_out, args=(recording,), name="capture session", daemon=True).start()

    def _finish(self, summary: Summary) -> None:
        recording = self._running
        if recording is None:
            return
        self._running, self._ending.recording = None, None
        self._summary, self._error = summary, recording.error
        emit(self.capture_finished, summary)


def _carry_out(recording: Recording) -> None:
    """Runs it on this thread, and has the interpreter's exit end and await it.

    A thread that is no daemon would be awaited too, but nobody would stop it.
    """

    def leave() -> None:
        recording.stop()
        recording.wait()

    atexit.register(leave)
    try:
        recording.run()
    finally:
        atexit.unregister(leave)


class _Ending:
    """Stops what runs when the controller is thrown away, with which everything of its own is gone already."""

    def __init__(self) -> None:
        self.recording: Recording | None = None

    def stop(self) -> None:
        if self.recording is not None:
            self.recording.stop()


def kind_of(quality: int, format: str | None = None) -> tuple[str, int]:
    """The format and quality to record with. ConfigError for a quality that there is not."""
    if type(quality) is not int or (quality != LOSSLESS and not 1 <= quality <= 100):
        raise ConfigError(f"quality is {quality!r}: give 1 to 100, or -1 for lossless", option="quality")
    if quality == LOSSLESS:
        return format or "png", 80
    return format or "jpeg", quality


def open_recorder(
    uri: str,
    out: Path,
    held: ExitStack,
    *,
    options: Mapping[str, Any],
    every_s: float,
    **settings: Any,
) -> Recorder:
    """A recorder, not started, over the opened source, which ``held`` closes."""
    from rushes.capture.recorder import Recorder
    from rushes.capture.sources import open_source

    out.parent.mkdir(parents=True, exist_ok=True)
    source = open_source(uri, fps=1 / every_s, **options)
    held.callback(source.close)
    return Recorder(source, out, every_s=every_s, **settings)
