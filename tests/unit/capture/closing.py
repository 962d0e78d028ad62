"""A source that is closed while another thread takes its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from rushes.interfaces import Source

PATIENCE_S = 30.0


def closed_while_taken_from(source: Source, items: Callable[[], Iterable[object]]) -> None:
    """Closes it when something has come; returns when the taking has ended, and fails when it does not."""
    ended, got = threading.Event(), threading.Event()

    def consume() -> None:
        for _ in items():
            got.set()
        ended.set()

    thread = threading.Thread(target=consume)
    thread.start()
    assert got.wait(PATIENCE_S)
    source.close()
    assert ended.wait(PATIENCE_S)
    thread.join()
