"""A test card sent at its own pace: what :meth:`rushes.stream.streamer.Streamer.testcard` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rushes.clock import SYSTEM
from rushes.errors import ClosedError, ConfigError
from rushes.stream.cards import moving

if TYPE_CHECKING:
    from rushes.clock import Clock

__all__ = ["Sends", "play"]

_SECOND_NS = 1_000_000_000
_LOOK_NS = _SECOND_NS // 10
_FASTEST = 1000


class Sends(Protocol):
    """What a card is sent by."""

    @property
    def started(self) -> bool:
        """Whether it takes frames now."""
        ...

    def start(self) -> object:
        """Makes it take frames; nothing when it does."""
        ...

    def send(self, array_or_frame: Any) -> object:
        """Takes one; ConfigError when it was stopped."""
        ...


def play(
    streamer: Sends,
    card: int,
    animated: bool = False,
    count: int | None = None,
    fps: float = 30,
    *,
    clock: Clock = SYSTEM,
) -> int:
    """Starts the streamer if need be and sends it the card ``fps`` times a second; how many it was given.

    Returns after ``count`` of them (None: never by itself), or within a tenth of a second of a ``stop()`` or
    ``close()`` from another thread. A moment that was missed is skipped, not made up. UnknownName for a card that
    does not exist, ConfigError for another rate than one above 0 and up to 1000, or a count below 0; both before
    anything is started.
    """
    _check(count, fps)
    pictures = moving(card, animated)
    streamer.start()
    period_ns = _SECOND_NS / fps
    begun_ns = clock.monotonic_ns()
    sent = tick = 0
    while count is None or sent < count:
        if not _reached(begun_ns + round(tick * period_ns), streamer, clock):
            break
        try:
            streamer.send(next(pictures))
        except ClosedError:
            break
        except ConfigError:
            if streamer.started:
                raise
            break
        sent += 1
        # Deadlines are absolute, so that the cost of a send does not add up to a slower rate.
        tick = max(tick + 1, int((clock.monotonic_ns() - begun_ns) // period_ns))
    return sent


def _reached(due_ns: int, streamer: Sends, clock: Clock) -> bool:
    """Waits for that moment; False when the streamer was stopped before."""
    while streamer.started:
        left_ns = due_ns - clock.monotonic_ns()
        if left_ns <= 0:
            return True
        clock.sleep(min(left_ns, _LOOK_NS) / _SECOND_NS)
    return False


def _check(count: Any, fps: Any) -> None:
    number = isinstance(fps, int | float) and not isinstance(fps, bool)
    if not number or not 0 < fps <= _FASTEST:
        raise ConfigError(f"fps must be above 0 and up to {_FASTEST}, not {fps!r}", option="fps")
    whole = isinstance(count, int) and not isinstance(count, bool)
    if count is not None and not (whole and count >= 0):
        raise ConfigError(f"count must be a whole number from 0, or None, not {count!r}", option="count")
