"""A recorder that does what a test tells it, when the test tells it, and somebody who listens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QTimer

from rushes.qt.signals import EVENTS, CaptureSignals


class Recorder:
    """Says ``frames`` numbers at once when started; then waits to be stopped or cancelled."""

    def __init__(self, frames: int = 3) -> None:
        self.frames = frames
        self.calls: list[str] = []
        self.told = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        self.events: dict[str, Callable[..., object]] = {}
        self.closed = threading.Event()

    def __call__(self, *arguments: Any, **settings: Any) -> Recorder:
        """Stands in for ``open_recorder``."""
        self.opened = arguments, settings
        held = next(each for each in arguments if isinstance(each, ExitStack))
        held.callback(self.closed.set)
        return self

    def on(self, event: str, fn: Callable[..., object]) -> None:
        self.events[event] = fn

    def start(self) -> None:
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.calls.append("stop")
        self.told.set()
        assert self.may_end.wait(30)

    def cancel(self) -> None:
        self.calls.append("cancel")
        self.told.set()

    def wait(self) -> Any:
        self.thread.join()
        return self.summary

    def work(self) -> None:
        for number in range(self.frames):
            self.events["frame_changed"](number)
            self.events["pixmap_saved"](number)
        assert self.told.wait(30)
        cancelled = "cancel" in self.calls
        self.summary = SimpleNamespace(reason="cancelled" if cancelled else "stopped", captured=self.frames)
        self.events["capture_cancelled" if cancelled else "capture_stopped"]()
        self.events["capture_finished"](self.summary)


class Listener(QObject):
    """Writes down (name, arguments, thread) of every signal."""

    def __init__(self, signals: CaptureSignals) -> None:
        super().__init__()
        self.heard: list[tuple[str, tuple[Any, ...], int]] = []
        for name in EVENTS:
            getattr(signals, name).connect(getattr(self, name))

    def frame_changed(self, number: int) -> None:
        self.hear("frame_changed", number)

    def pixmap_saved(self, number: int) -> None:
        self.hear("pixmap_saved", number)

    def capture_stopped(self) -> None:
        self.hear("capture_stopped")

    def capture_cancelled(self) -> None:
        self.hear("capture_cancelled")

    def capture_finished(self, summary: object) -> None:
        self.hear("capture_finished", summary)

    def hear(self, name: str, *arguments: Any) -> None:
        self.heard.append((name, arguments, threading.get_ident()))

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.heard]


def run_until(done: Callable[[], bool], limit_s: float = 30) -> None:
    """Runs the event loop until ``done()``; a failure when it takes for ever."""
    loop, late = QEventLoop(), threading.Event()
    look, limit = QTimer(), QTimer()
    look.timeout.connect(lambda: loop.quit() if done() else None)
    limit.timeout.connect(lambda: (late.set(), loop.quit()))
    look.start(5)
    limit.start(int(limit_s * 1000))
    loop.exec()
    assert not late.is_set(), "what was waited for did not come"
