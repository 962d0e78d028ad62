"""How ``rushes send`` and ``rushes recv`` run: the work on a thread, the eye on it in the main one."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rushes.cli.options import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["LOOK_S", "Rates", "Work", "display", "interruptible"]

LOOK_S = 0.2
_LINE_EVERY_S = 2.0  # where lines pile up instead of being replaced


class Asked:
    """Whether the user, or the service manager, asked for the end."""

    # A plain flag, looked at often: the handler of a signal runs within whatever the main thread was doing, so one
    # that takes a lock could wait for itself.
    def __init__(self) -> None:
        self.stop = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.stop = True


@contextmanager
def interruptible() -> Iterator[Asked]:
    """Ctrl-C and the service manager's end are noted instead of breaking off what runs."""
    asked = Asked()
    former = {each: signal.signal(each, asked) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


class Work:
    """Runs ``do`` on a thread of its own, and keeps what it raised for :meth:`join`."""

    def __init__(self, do: Callable[[], object], name: str) -> None:
        self._do = do
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ended(self, within_s: float = 0.0) -> bool:
        """Whether it is over, now or within that time."""
        return self._ended.wait(within_s)

    def join(self, within_s: float | None = None) -> None:
        """Waits for the end, no longer than that; raises what it raised."""
        self._thread.join(within_s)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._do()
        except BaseException as error:  # noqa: BLE001  whatever it is, it is raised again by join
            self._error = error
        finally:
            self._ended.set()


class Rates:
    """How fast counters have risen, over the last seconds."""

    def __init__(self, over_s: float = 2.0) -> None:
        self._over_s = over_s
        self._marks: list[tuple[float, tuple[int, ...]]] = []

    def of(self, at_s: float, *counts: int) -> tuple[float, ...]:
        """What each rose by a second, from the look before last long enough ago to ``at_s``."""
        self._marks.append((at_s, counts))
        while len(self._marks) > 2 and at_s - self._marks[1][0] >= self._over_s:
            del self._marks[0]
        then_s, then = self._marks[0]
        passed_s = at_s - then_s
        return tuple(
            (now - was) / passed_s if passed_s else 0.0 for now, was in zip(counts, then, strict=True)
        )


@contextmanager
def display(*, quiet: bool) -> Iterator[Callable[[float, Callable[[float], str]], None]]:
    """Shows ``line(running_s)`` at each call: over the one before on a terminal, else below it every two seconds."""
    if quiet:
        yield lambda running_s, line: None
    elif sys.stdout.isatty():
        from rich.live import Live
        from rich.text import Text

        with Live(console=console(), auto_refresh=False, transient=True) as live:
            yield lambda running_s, line: live.update(Text(line(running_s)), refresh=True)
    else:
        shown_s = 0.0

        def add(running_s: float, line: Callable[[float], str]) -> None:
            nonlocal shown_s
            text = line(running_s)
            if running_s - shown_s >= _LINE_EVERY_S:
                shown_s = running_s
                print(text, flush=True)

        yield add
