"""What a receiver needs of whatever its frames come by (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rushes.frame import Frame
    from rushes.stream.records import StreamStats
    from rushes.wire.flow import Gap

__all__ = ["Incoming"]


class Incoming(Protocol):
    """May be started and stopped any number of times. Everything may be called from any thread."""

    @property
    def address(self) -> str:
        """Where it is bound, or what it is connected to."""
        ...

    @property
    def epoch(self) -> int:
        """Counts the stops: whoever remembers it sees whether there was one."""
        ...

    def ended(self, epoch: int) -> bool:
        """Whether there was a stop since."""
        ...

    def start(self) -> None:
        """Opens it."""
        ...

    def stop(self) -> None:
        """Ends it, and all who wait."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Whether something can be taken, now or within that time."""
        ...

    def order(self, *, ordered: bool, max_wait_s: float | None) -> None:
        """By number, a missing one waited for so long (None: as is usual); or as frames come."""
        ...

    def take(
        self, timeout_s: float | None, *, track: str | None, gaps: bool, epoch: int
    ) -> tuple[Frame | Gap, Any] | None:
        """The next, and what to :meth:`finish` once its user has it; None when none came in time, or at a stop since
        the ``epoch``. WireError when the stream has ended for good.
        """
        ...

    def finish(self, token: Any) -> None:
        """The user has it."""
        ...

    def stats(self) -> StreamStats:
        """The counters over all starts."""
        ...
