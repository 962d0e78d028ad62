"""Bringing news to callbacks: where the caller wants them, in order, each once, never under a lock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rushes.errors import ConfigError
from rushes.jobs.job import ENDS, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.jobs.job import Claim, Job

__all__ = ["Channel", "Courier", "Effects", "LoopBox", "LoopBoxes", "channel_for", "hand_over", "post"]

_log = logging.getLogger("rushes.jobs")


class Effects(NamedTuple):
    """What is to be done once the lock is free."""

    told: list[Claim]
    wakes: list[Callable[[], object]]
    stops: list[Job]
    ring: bool
    summon: int


class Channel(Protocol):
    """A way to another thread."""

    def post(self, fn: Callable[[Any], object], argument: Any) -> None:
        """Has ``fn(argument)`` called there, after all that was posted before."""
        ...


class LoopBox:
    """An event loop's thread, woken once for all that was posted meanwhile."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self._lock = threading.Lock()
        self._posts: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._woken = False

    def post(self, fn: Callable[[Any], object], argument: Any) -> None:
        """As :class:`Channel` says; logged where the loop was closed and nobody can be told."""
        with self._lock:
            self._posts.append((fn, argument))
            # One that was closed with the wake-up still in it will never open the box.
            if self._woken and not self.loop.is_closed():
                return
            self._woken = True
        try:
            self.loop.call_soon_threadsafe(self._open)
        except RuntimeError:
            if not self.loop.is_closed():
                raise
            with self._lock:
                self._posts.clear()
                self._woken = False
            _log.warning("the event loop of a job's callback is closed; nobody was called")

    def _open(self) -> None:
        with self._lock:
            posts, self._posts = self._posts, deque()
            self._woken = False
        for fn, argument in posts:
            fn(argument)


class LoopBoxes:
    """The one box of each event loop, so that all that is for it comes with one wake-up. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boxes: dict[Any, LoopBox] = {}

    def box(self, loop: Any) -> LoopBox:
        """That of ``loop``; those of closed loops are forgotten."""
        with self._lock:
            box = self._boxes.get(loop)
            if box is None:
                for each in [each for each in self._boxes if each.is_closed()]:
                    del self._boxes[each]
                box = self._boxes[loop] = LoopBox(loop)
            return box


class SubmitChannel:
    """An Executor's threads. Those of one handle stay in order; handles overtake each other."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    def post(self, fn: Callable[[Any], object], argument: Any) -> None:
        """As :class:`Channel` says."""
        self._executor.submit(fn, argument)


class CallChannel:
    """A function that takes a call without arguments and makes it where it should be made."""

    def __init__(self, call: Callable[[Callable[[], object]], object]) -> None:
        self._call = call

    def post(self, fn: Callable[[Any], object], argument: Any) -> None:
        """As :class:`Channel` says."""
        self._call(lambda: fn(argument))


class Courier:
    """A thread of the queue's own for what no worker is there to tell: cancels, time-outs, first states.

    Never the caller's thread, which may hold a lock of its own that the callback wants too.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._posts: SimpleQueue[tuple[Callable[[Any], object], Any] | None] = SimpleQueue()
        self.thread: threading.Thread | None = None

    def post(self, fn: Callable[[Any], object], argument: Any) -> None:
        """As :class:`Channel` says."""
        self._posts.put((fn, argument))
        if self.thread is None:
            with self._lock:
                if self.thread is None:
                    self.thread = threading.Thread(target=self._carry, name=self._name, daemon=True)
                    self.thread.start()

    def stop(self) -> None:
        """Ends the thread after all that was posted before."""
        self._posts.put(None)

    def _carry(self) -> None:
        while (post := self._posts.get()) is not None:
            post[0](post[1])
            del post  # a handle that was told must not be kept until the next one is


def channel_for(deliver: Any, loop_box: Callable[[Any], LoopBox]) -> Channel | None:
    """The channel for a ``deliver=``; None stays None, the worker's own thread.

    Known by what it can do: an event loop (``call_soon_threadsafe``), a Qt object (``moveToThread``), an
    Executor (``submit``), a channel of one's own (``post``), or a function. Raises ConfigError for anything
    else.
    """
    if deliver is None:
        return None
    if hasattr(deliver, "call_soon_threadsafe"):
        return loop_box(deliver)
    if hasattr(deliver, "moveToThread"):
        from rushes.jobs.qobject import ObjectChannel

        return ObjectChannel(deliver)
    if hasattr(deliver, "post"):
        return deliver  # type: ignore[no-any-return]
    if hasattr(deliver, "submit"):
        return SubmitChannel(deliver)
    if callable(deliver):
        return CallChannel(deliver)
    raise ConfigError(
        f"deliver is {deliver!r}; give an event loop, a Qt object, an Executor, or a function that takes a call",
        option="deliver",
    )


def post(channel: Channel, claim: Claim) -> None:
    """Has the claim's news handed over there; logs where that is refused."""
    try:
        channel.post(hand_over, claim)
    except Exception:  # noqa: BLE001  a channel that was shut down or is broken must not take the worker with it
        _log.exception("job %d could not call back: its channel refused", claim.id)


def hand_over(claim: Claim) -> None:
    """Calls the claim's functions with the news it has, in order. Runs on the channel's thread."""
    more = claim.more
    if more is None:
        call(claim, claim.callback)
        return
    lock = claim.queue.lock
    while True:
        with lock:
            if not more.mail:
                more.posting = False
                return
            news = more.mail.popleft()
            value, more.partial = (more.partial, None) if news == PARTIAL else (None, more.partial)
        if news == PARTIAL:
            call(claim, more.on_partial, value)
            continue
        call(claim, more.on_state, news)
        if news in ENDS:
            call(claim, claim.callback)


def call(claim: Claim, fn: Callable[..., object] | None, *arguments: Any) -> None:
    """Calls once and logs what that raises."""
    if fn is None:
        return
    try:
        fn(claim, *arguments)
    except Exception:  # noqa: BLE001  whatever a callback is broken by, the next one and the worker go on
        _log.exception("a callback of job %d (key %r) raised", claim.id, claim.job.key)
