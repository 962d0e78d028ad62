"""Claims on slots: a ``Lease`` to read one, a ``Loan`` to write one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from rushes.depot import extras
from rushes.errors import ClosedError

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np

    from rushes._native.core import Hold
    from rushes.depot.records import PutResult
    from rushes.depot.writing import Writing
    from rushes.frame import Frame

__all__ = ["Lease", "Loan"]


class Lease:
    """A frame in the depot, held: its slot is not re-used while this lease or any array made from it lives.

    Nothing is copied. ``array`` is read-only, for numpy and for the memory unit alike. ``release()``, or
    leaving a ``with`` block, gives this claim back; a view that is still alive keeps the slot until it goes,
    so that no view ever shows another frame. Hold leases briefly: a slot under a lease cannot take a new
    frame (``depot.leases()`` tells who holds what). After release every attribute raises ClosedError.
    """

    __slots__ = ("_array", "_hold")

    def __init__(self, hold: Hold) -> None:
        self._hold: Hold | None = hold
        self._array: np.ndarray[Any, Any] | None = None

    def _held(self) -> Hold:
        if self._hold is None:
            raise ClosedError("this lease was released", name="Lease")
        return self._hold

    @property
    def array(self) -> np.ndarray[Any, np.dtype[Any]]:
        """The pixels: read-only, shape and dtype as they were put. Raises ClosedError after release or in a
        forked child.
        """
        if self._array is None:
            hold = self._held()
            if not hold.live:
                raise ClosedError(
                    "a lease does not cross a fork: ask the depot again in this process", name="Lease"
                )
            self._array = hold.array()
        return self._array

    @property
    def number(self) -> int:
        """The user's number of the frame."""
        return self._held().number

    @property
    def sequence(self) -> int:
        """The frame's place in the depot's gapless count, from 0."""
        return self._held().sequence

    @property
    def captured_ns(self) -> int:
        """When the frame was captured: UTC nanoseconds."""
        return self._held().captured_ns

    @property
    def published_ns(self) -> int:
        """When it became visible in the depot: UTC nanoseconds."""
        return self._held().published_ns

    @property
    def format(self) -> str:
        """Pixel format, as in ``Frame``."""
        return self._held().format

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape, without making the array."""
        return self._held().shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The array's dtype, without making the array."""
        import numpy as np

        return np.dtype(self._held().dtype)

    @property
    def meta(self) -> dict[str, Any]:
        """The frame's small metadata (a copy)."""
        return extras.unpack(self._held().meta()).meta

    def copy(self) -> Frame:
        """The frame with its own copy of the pixels, free of the depot."""
        return self._frame(self.array.copy())

    def view(self) -> Frame:
        """The frame over the depot's own pixels, read-only: it keeps the slot for as long as its array lives."""
        return self._frame(self.array)

    def _frame(self, array: np.ndarray[Any, np.dtype[Any]]) -> Frame:
        from rushes.frame import Frame

        more = extras.unpack(self._held().meta())
        return Frame(
            array,
            self.number,
            captured_ns=self.captured_ns,
            format=self.format or "array",
            channel=more.channel,
            track=more.track,
            meta=more.meta,
            figures=more.figures,
        )

    def release(self) -> None:
        """Give this claim back. Idempotent; arrays made from it stay valid and keep the slot until they go."""
        self._hold = None
        self._array = None

    def __enter__(self) -> Self:
        self._held()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        if self._hold is None:
            return "<Lease released>"
        return f"<Lease sequence {self.sequence}, number {self.number}: {self.format} {self.shape}>"


class Loan:
    """A slot to draw a frame into, without a copy: fill ``array``, then ``publish``.

    As a ``with`` block it publishes at the end unless that was done, and abandons on an exception. ``array``
    is C-contiguous and writeable until then; its first content is whatever the slot held before. An abandoned
    loan counts as nothing offered. Publishing twice, or after the depot was closed, raises ClosedError.
    """

    __slots__ = ("_array", "_depot", "_evicted", "_open", "_slot", "result")

    def __init__(self, depot: Writing, slot: int, array: np.ndarray[Any, Any], evicted: int | None) -> None:
        self._depot = depot
        self._slot = slot
        self._array = array
        self._evicted = evicted
        self._open = True
        self.result: PutResult | None = None
        """What ``publish`` answered, None before."""

    @property
    def array(self) -> np.ndarray[Any, np.dtype[Any]]:
        """The slot's pixels, writeable until the loan ends."""
        return self._array

    def publish(
        self,
        number: int | None = None,
        *,
        captured_ns: int | None = None,
        meta: dict[str, Any] | None = None,
        format: str | None = None,
    ) -> PutResult:
        """Make the content the newest frame. ``captured_ns`` None stamps it now; ``format`` None guesses from
        the shape.

        Raises FrameError for metadata or a format that does not fit (the loan stays open then), ClosedError
        when ended.
        """
        if not self._open:
            raise ClosedError("this loan was published or abandoned already", name="Loan")
        self.result = self._depot._publish_loan(
            self._slot, self._array, number, captured_ns, meta, format, self._evicted
        )
        self._end()
        return self.result

    def abandon(self) -> None:
        """Give the slot back unused. Idempotent; nothing happens after ``publish``."""
        if self._open:
            self._end()
            self._depot._abandon_loan(self._slot)

    def _end(self) -> None:
        self._open = False
        self._array.flags.writeable = False  # the slot is readers' now, or another writer's

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._open:
            self.publish()
        else:
            self.abandon()
