"""Single keys from the terminal, which is as it was afterwards."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["keyboard", "lost"]


@contextmanager
def keyboard(*, wanted: bool = True) -> Iterator[Callable[[], str]]:
    """Gives a function that returns the keys pressed since its last call and never waits.

    None, when standard input is no terminal, or one that others use: a program in the background that touched its
    settings would be stopped. Ctrl-C stays what it is.
    """
    descriptor = sys.stdin.fileno() if wanted and _is_ours() else None
    if descriptor is None:
        yield lambda: ""
        return
    before = termios.tcgetattr(descriptor)

    def listen(*_: Any) -> None:
        if _is_ours():  # also when the shell brings us back from a stop, having put its own settings in place
            tty.setcbreak(descriptor, termios.TCSANOW)

    resumed = signal.signal(signal.SIGCONT, listen)
    try:
        listen()
        yield lambda: _pressed(descriptor)
    finally:
        signal.signal(signal.SIGCONT, resumed)
        if _is_ours():  # a terminal that has gone needs nothing
            with suppress(termios.error):
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def lost(descriptor: int) -> bool:
    """Whether the terminal that was there has gone."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error:
        return True
    return False


def _is_ours() -> bool:
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _pressed(descriptor: int) -> str:
    keys = b""
    with suppress(OSError):
        while select.select([descriptor], [], [], 0)[0]:
            part = os.read(descriptor, 64)
            if not part:
                break
            keys += part
    return keys.decode("ascii", "ignore")
