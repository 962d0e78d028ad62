"""What a receiver hands its user: something to iterate, and something to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Handler"]


class Handler:
    """The items of a stream, one after the other; each goes to one taker only.

    Iterated (``for data in stream.handler``) it waits for each item and ends at the stream's ``stop()``. Called
    (``stream.handler(timeout=0)``) it gives a fresh generator, which yields None whenever nothing came within
    ``timeout`` milliseconds, and ends likewise.

    ``take(timeout_s)`` gives the next item, or None when none came in time (None: waits until the end),
    ``ended()`` says whether the stream was stopped, and ``wait(timeout_s)`` whether an item is there to be taken.
    """

    def __init__(
        self,
        take: Callable[[float | None], dict[str, Any] | None],
        ended: Callable[[], bool],
        wait: Callable[[float], bool],
    ) -> None:
        self._take, self._ended, self.wait = take, ended, wait

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        item = self._take(None)
        if item is None:
            raise StopIteration
        return item

    def __call__(self, timeout: float = 0) -> Iterator[dict[str, Any] | None]:
        """A fresh generator that waits ``timeout`` milliseconds for each item, and yields None without one."""
        if not timeout >= 0:
            raise ConfigError(
                f"timeout must be a number of milliseconds from 0, not {timeout!r}", option="timeout"
            )
        return self._polled(timeout / 1000)

    def _polled(self, timeout_s: float) -> Iterator[dict[str, Any] | None]:
        while not self._ended():
            yield self._take(timeout_s)
