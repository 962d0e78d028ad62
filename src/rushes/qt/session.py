"""One recording for a Qt program: opened, run and ended on a thread that is not the program's."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from rushes.capture.recorder import Summary
from rushes.limits import is_disk_full
from rushes.qt.signals import EVENTS, CaptureSignals, emit

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.capture.recorder import Recorder

__all__ = ["Opener", "Recording", "Session", "Wish"]

FLAGS_S = 0.02
"""How often flags are looked at, where there are any: half a frame at the usual rate."""

Wish = Literal["stop", "cancel"]


class Opener(Protocol):
    """Makes the recorder of a session."""

    def __call__(self, held: ExitStack) -> Recorder:
        """Opens what is needed; a recorder that has not been started.

        Called on the recording's thread, so it may take its time. What it enters into ``held`` is given back
        before ``capture_finished``, so that who hears of the end finds everything free.
        """
        ...


class Recording(Protocol):
    """What a controller runs."""

    signals: CaptureSignals

    @property
    def error(self) -> Exception | None:
        """Why it could not begin, known before the end is told."""
        ...

    def run(self) -> object:
        """Records until it is told otherwise; on a thread of its own."""

    def stop(self) -> None:
        """Asks for the end, keeping what was recorded. Returns at once; too late is no mistake."""

    def cancel(self) -> None:
        """Asks for the end, deleting what was recorded. Returns at once; too late is no mistake."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether it was over within that time."""
        ...


class Session:
    """Runs the recorder that ``opener`` makes, and tells through ``signals`` what it does.

    ``flags``, where given, is asked now and then whether the recording is to be stopped or cancelled.
    """

    def __init__(
        self,
        opener: Opener,
        signals: CaptureSignals | None = None,
        *,
        flags: Callable[[], Wish | None] | None = None,
    ) -> None:
        self.signals = CaptureSignals() if signals is None else signals
        self.error: Exception | None = None
        self._opener = opener
        self._flags = flags
        self._granted: Wish | None = None
        self._wishes: queue.SimpleQueue[Wish | None] = queue.SimpleQueue()
        self._over = threading.Event()

    def stop(self) -> None:
        """As :class:`Recording` says."""
        self._wishes.put("stop")

    def cancel(self) -> None:
        """As :class:`Recording` says."""
        self._wishes.put("cancel")

    def wait(self, timeout_s: float | None = None) -> bool:
        """As :class:`Recording` says."""
        return self._over.wait(timeout_s)

    def run(self) -> Summary:
        """Record until told otherwise; what became of it.

        What cannot be opened, or not be written to, is no exception here: the summary's reason and ``error``
        tell it.
        """
        try:
            with ExitStack() as held:
                summary = self._record(held)
        except Exception as error:  # noqa: BLE001  on this thread nobody would hear of it, and the end never come
            self.error = error
            summary = Summary(0, 0, 0, {}, 0, "disk full" if is_disk_full(error) else "source lost")
        emit(self.signals.capture_finished, summary)
        self._over.set()
        return summary

    def _record(self, held: ExitStack) -> Summary:
        recorder = self._opener(held)
        for event in EVENTS[:-1]:
            recorder.on(event, partial(emit, getattr(self.signals, event)))
        recorder.on(EVENTS[-1], lambda summary: self._wishes.put(None))
        recorder.start()
        while (wish := self._next()) is not None:
            (recorder.stop if wish == "stop" else recorder.cancel)()
        summary = recorder.wait()
        if summary is None:  # only a wait with an end of its own says so
            raise RuntimeError("the recorder did not end")
        return summary

    def _next(self) -> Wish | None:
        """The next wish that is new; None when the recording is over."""
        while True:
            try:
                wish = self._wishes.get(timeout=None if self._flags is None else FLAGS_S)
                if wish is None:
                    return None
            except queue.Empty:
                wish = self._flags() if self._flags is not None else None
            if wish is not None and self._granted not in (wish, "cancel"):
                self._granted = wish
                return wish
