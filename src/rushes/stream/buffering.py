"""Several streams taken as one, in time; the driver of :mod:`rushes.stream.merge`."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ConfigError
from rushes.stream.merge import Merge

if TYPE_CHECKING:
    from rushes.clock import Clock
    from rushes.metrics import EdgeStats

__all__ = ["Buffer", "buffer"]

_log = logging.getLogger("rushes.stream")

_SHORTEST_S, _LONGEST_S, _ALONE_S = 0.0005, 0.02, 0.2


def buffer(bufferlen: float, handlers: Mapping[str, Any]) -> Buffer:
    """Merges streams: an iterator of (name, item) in the order of the items' ``ftime``.

    ``handlers`` gives each stream a name. A stream is what a receiver has as ``.handler``, a function that makes a
    generator of items, or an iterator of them; items are dicts with ``ftime`` in seconds, or None for nothing now.
    Asking for an item must not take long, as the others wait meanwhile.

    Each item is held until ``bufferlen`` seconds after it came, then given with all older ones before it. That makes
    up for streams that come later than others by up to ``bufferlen`` seconds; what comes later still is dropped and
    counted as "late", so the senders' clocks must agree as well as that. Of each live stream (one that takes
    ``timeout=``) the newest 256 items and 256 MiB are held; a reader too slow for them is given the newest, the others
    are dropped and counted as "stale". Others are asked only while there is room. Counts are in :meth:`Buffer.stats`.

    Ends when all streams have ended. ConfigError for a ``bufferlen`` that is no length of time, for a stream that is
    none of these, and, while running, for an item without ``ftime``.
    """
    return Buffer(bufferlen, handlers)


@dataclass(slots=True)
class _Source:
    items: Iterator[Any]
    live: bool
    made_here: bool
    wait: Callable[[float], bool] | None


class Buffer(Iterator[tuple[str, Any]]):
    """See :func:`buffer`. It runs no thread: everything happens in ``next()``, for one thread at a time."""

    def __init__(self, bufferlen: float, handlers: Mapping[str, Any], *, clock: Clock = SYSTEM) -> None:
        _check(bufferlen, handlers)
        self._clock = clock
        self._sources = {name: _source(name, handler) for name, handler in handlers.items()}
        live = {name: source.live for name, source in self._sources.items()}
        self._merge = Merge(live, round(bufferlen * 1e9))
        self._nap_s = _SHORTEST_S
        self._woken = False
        self._warned: set[str] = set()

    def __next__(self) -> tuple[str, Any]:
        while True:
            if came := self._pull():
                self._nap_s, self._woken = _SHORTEST_S, False
            now_ns = self._clock.monotonic_ns()
            if not self._sources:
                self._merge.flush()
            found = self._merge.take(now_ns)
            if found is not None:
                return found
            if not self._sources:
                raise StopIteration
            if not came:
                self._rest(now_ns)

    def stats(self) -> dict[str, EdgeStats]:
        """By name: offered = delivered + dropped ("late", "stale", "closed") + waiting."""
        return self._merge.stats()

    def close(self) -> None:
        """Ends the iterator and what it made from the handlers; what was held is dropped, as "closed"."""
        sources, self._sources = list(self._sources.values()), {}
        self._merge.clear()
        for source in sources:
            if source.made_here and isinstance(source.items, Generator):
                source.items.close()

    def __enter__(self) -> Buffer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _pull(self) -> bool:
        """Asks each stream for one item; whether any gave one."""
        came = False
        for name, source in list(self._sources.items()):
            if not source.live and not self._merge.room(name):
                self._merge.hurry(name)
                continue
            try:
                data = next(source.items)
            except StopIteration:
                del self._sources[name]
                continue
            if data is not None:
                came = True
                self._put(name, data)
        return came

    def _put(self, name: str, data: Any) -> None:
        ftime = data.get("ftime") if isinstance(data, dict) else None
        if not isinstance(ftime, Real) or not math.isfinite(ftime):
            raise ConfigError(
                f"the handler {name!r} gave {type(data).__name__} without a time: items must be dicts with"
                " ftime in seconds",
                option="handlers",
            )
        now_ns = self._clock.monotonic_ns()
        if not self._merge.put(name, float(ftime), data, _size(data), now_ns) and name not in self._warned:
            self._warned.add(name)
            _log.warning(
                "items of %r come too late to be put in order and are dropped: check the senders' clocks, or "
                "give a longer bufferlen",
                name,
            )

    def _rest(self, now_ns: int) -> None:
        """Lets time pass while all are quiet: longer each time, and never past the moment at which one is due."""
        waits = [source.wait for source in self._sources.values() if source.wait is not None]
        alone = len(waits) == len(self._sources) == 1
        rest_s = _ALONE_S if alone else self._nap_s
        self._nap_s = min(_LONGEST_S, self._nap_s * 2)
        due_ns = self._merge.due_ns
        if due_ns is not None:
            rest_s = min(rest_s, max(_SHORTEST_S, (due_ns - now_ns) / 1e9))
        if self._woken:
            # It said that something had come, and nothing had: believing it again could go on without a pause.
            waits, rest_s = [], min(rest_s, _LONGEST_S)
        # Several cannot be waited for at once, so each has its turn: what comes from another is seen that much later.
        self._woken = any(wait(rest_s / len(waits)) for wait in waits)
        left_s = rest_s - (self._clock.monotonic_ns() - now_ns) / 1e9
        if not self._woken:
            self._clock.sleep(left_s)


def _check(bufferlen: Any, handlers: Any) -> None:
    number = isinstance(bufferlen, int | float) and not isinstance(bufferlen, bool)
    if not number or not 0 <= bufferlen < 1e6:
        raise ConfigError(f"bufferlen must be seconds, 0 or more, not {bufferlen!r}", option="bufferlen")
    if not isinstance(handlers, Mapping):
        raise ConfigError(
            f"handlers must be a dict of name to handler, not {type(handlers).__name__}", option="handlers"
        )


def _source(name: str, handler: Any) -> _Source:
    if callable(handler):
        live = _takes_timeout(handler)
        items = handler(timeout=0) if live else handler()
        if isinstance(items, Iterable):
            return _Source(iter(items), live, True, getattr(handler, "wait", None))
    elif isinstance(handler, Iterable):
        return _Source(iter(handler), False, False, None)
    raise ConfigError(
        f"the handler {name!r} must be a stream's .handler, or give items one by one, not a "
        f"{type(handler).__name__}",
        option="handlers",
    )


def _takes_timeout(handler: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):  # some built-in functions do not tell
        return False
    return any(each.name == "timeout" or each.kind is each.VAR_KEYWORD for each in parameters)


def _size(data: dict[str, Any]) -> int:
    sizes = (getattr(data.get(part), "nbytes", None) or 0 for part in ("arr", "buf"))
    return sum(sizes)
