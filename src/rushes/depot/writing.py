"""How frames come into a depot: copied or drawn in place, admitted by the full-policy."""

from __future__ import annotations

import operator
import time
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from rushes._native import layout
from rushes._native.core import OK
from rushes.clock import SYSTEM
from rushes.depot import checks, extras, policy, report
from rushes.depot.handle import Handle
from rushes.depot.lease import Loan
from rushes.depot.records import PutResult
from rushes.depot.waiting import SLICE_S, remaining
from rushes.errors import ConfigError, DepotFull, FrameError
from rushes.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Writing"]


class _Offer(NamedTuple):
    """A checked frame on its way in."""

    array: np.ndarray[Any, Any]
    number: int
    captured_ns: int
    format: str
    more: bytes


class Writing(Handle):
    """The writing half of a depot's handle."""

    def put(
        self,
        array_or_frame: np.ndarray[Any, Any] | Frame,
        number: int | None = None,
        *,
        captured_ns: int | None = None,
        meta: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> PutResult:
        """Copy a frame in. Never raises because the depot is full: ``stored`` and ``reason`` of the answer
        tell.

        The array may be strided; it is the caller's again when this returns. ``number`` None takes the
        Frame's own or the depot's count (each offered frame gets one, so a dropped frame leaves a hole).
        ``timeout_s`` bounds the wait under "block"; None waits for ever there and not at all under other
        policies.

        Raises FrameError when the frame does not fit the depot, ConfigError on a handle attached with mode
        "r".
        """
        frame = self._prepare(array_or_frame, number, captured_ns, meta)
        fast = self._put_fast(frame)
        if fast is not None:
            return fast
        reason, slot, evicted = self._drive(self._admission(), timeout_s)
        return self._fill(frame, reason, slot, evicted)

    async def aput(
        self,
        array_or_frame: np.ndarray[Any, Any] | Frame,
        number: int | None = None,
        *,
        captured_ns: int | None = None,
        meta: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> PutResult:
        """As :meth:`put`, waiting without holding up the event loop; an async ``when_full`` function is
        awaited.
        """
        frame = self._prepare(array_or_frame, number, captured_ns, meta)
        fast = self._put_fast(frame)
        if fast is not None:
            return fast
        reason, slot, evicted = await self._aio.drive(self._admission(), timeout_s)
        return self._fill(frame, reason, slot, evicted)

    def loan(
        self, shape: Sequence[int] | None = None, dtype: Any = None, *, timeout_s: float | None = None
    ) -> Loan:
        """A slot to draw into without a copy; a ``with`` block publishes it. ``shape`` and ``dtype`` default
        to the depot's.

        Waits as :meth:`put` does; raises DepotFull (``.reason``) when no slot can be had, FrameError when the
        shape does not fit, ConfigError when the depot has no shape and none is given.
        """
        self._check_writable()
        wanted, kind = self._loan_of(shape, dtype)
        # The usual case first, without the machinery that can wait.
        status, slot, evicted = self._core.reserve(self._take, -1)
        reason = ""
        if status != OK:
            reason, slot, evicted = self._drive(self._admission(), timeout_s)
        if reason:
            self._core.drop(layout.DROP_REASONS.index(reason), -1)
            raise DepotFull(
                f"depot {self.name!r} has no slot to lend: {reason}", reason=reason, depot=self.name
            )
        array = self._core.target(slot, wanted, kind)
        return Loan(self, slot, array, None if evicted < 0 else evicted)

    def _loan_of(self, shape: Sequence[int] | None, dtype: Any) -> tuple[tuple[int, ...], str]:
        shapes = self._shapes
        if shape is None and shapes.shape is None:
            raise ConfigError("this depot has no fixed shape: say loan(shape=…)")
        if shape is None and dtype is None:
            return cast("tuple[int, ...]", shapes.shape), shapes.dtype_str
        wanted = shapes.shape if shape is None else tuple(int(side) for side in shape)
        kind = shapes.dtype if dtype is None else checks.native_dtype(dtype)
        shapes.check_geometry(cast("tuple[int, ...]", wanted), kind)
        return cast("tuple[int, ...]", wanted), kind.str

    def clear(self) -> int:
        """Forget every frame held or spilled; leased ones stay readable for their holders. Returns how many
        went.
        """
        self._check_writable()
        return report.clear(self._core, self._spill)

    def _prepare(
        self,
        given: np.ndarray[Any, Any] | Frame,
        number: int | None,
        captured_ns: int | None,
        meta: Mapping[str, Any] | None,
    ) -> _Offer:
        self._check_writable()
        if isinstance(given, Frame):
            array, format = given.array, given.format
            self._shapes.check(array)
            number = given.number if number is None else number
            captured_ns = given.captured_ns if captured_ns is None else captured_ns
            more = extras.pack(
                given.meta if meta is None else meta, given.channel, given.track, given.figures
            )
        elif isinstance(given, np.ndarray):
            array, format = given, self._shapes.check(given)
            more = extras.pack(meta)
        else:
            raise FrameError(f"put takes a numpy array or a Frame, not {type(given).__name__}")
        return _Offer(
            array, _number(number), SYSTEM.wall_ns() if captured_ns is None else captured_ns, format, more
        )

    def _put_fast(self, frame: _Offer) -> PutResult | None:
        array, number, captured_ns, format, more = frame
        if not array.flags.c_contiguous:
            return None
        status, sequence, number, evicted = self._core.put(
            array, self._take, number, captured_ns, format, more
        )
        if status != OK:
            return None
        return PutResult(True, sequence, number, None if evicted < 0 else evicted)

    def _fill(self, frame: _Offer, reason: str, slot: int, evicted: int) -> PutResult:
        array, number, captured_ns, format, more = frame
        if reason:
            number = self._core.drop(layout.DROP_REASONS.index(reason), number)
            return PutResult(False, -1, number, None, reason)
        try:
            np.copyto(self._core.target(slot, array.shape, array.dtype.str), array)
        except BaseException:  # the slot must not stay reserved, whatever interrupted the copy
            self._core.abandon(slot)
            raise
        sequence, number = self._core.publish(
            slot, number, captured_ns, array.dtype.str, array.shape, format, more, -1
        )
        return PutResult(True, sequence, number, None if evicted < 0 else evicted)

    def _admission(self) -> policy.Admission:
        core, spill = self._core, self._spill
        if self.when_full == policy.ASK and self._ask is None:
            raise ConfigError(
                "this depot asks a function of its creator when it is full, which cannot cross processes: "
                "put through the creator's handle, or create it with a named policy"
            )
        make_room = None if spill is None else lambda: spill.make_room(core)
        return policy.admission(self.when_full, lambda take: core.reserve(take, -1), make_room)

    def _drive(self, steps: policy.Admission, timeout_s: float | None) -> tuple[str, int, int]:
        until = None if timeout_s is None else time.monotonic() + timeout_s
        answer: Any = None
        while True:
            ticket = self._core.room_ticket()
            try:
                step = steps.send(answer)
            except StopIteration as done:
                return cast("tuple[str, int, int]", done.value)
            if step is policy.Step.ASK:
                answer = policy.check_answer(self._ask(self.stats()))  # type: ignore[misc]  # _admission checked it
            elif remaining(until) <= 0:
                answer = False
            else:
                self._core.wait_room(ticket, min(SLICE_S, remaining(until)))
                answer = True

    def _publish_loan(
        self,
        slot: int,
        array: np.ndarray[Any, Any],
        number: int | None,
        captured_ns: int | None,
        meta: Mapping[str, Any] | None,
        format: str | None,
        evicted: int | None,
    ) -> PutResult:
        chosen = self._shapes.check_format(array, format)
        stamp = SYSTEM.wall_ns() if captured_ns is None else captured_ns
        sequence, given = self._core.publish(
            slot, _number(number), stamp, array.dtype.str, array.shape, chosen, extras.pack(meta), -1
        )
        return PutResult(True, sequence, given, evicted)

    def _abandon_loan(self, slot: int) -> None:
        if not self.closed:
            self._core.abandon(slot)


def _number(number: int | None) -> int:
    if number is None:
        return -1
    try:
        whole = operator.index(number)
    except TypeError:
        whole = -1
    if isinstance(number, bool) or not 0 <= whole < 2**64:
        raise FrameError(f"a frame number is a whole number from 0 to 2**64 - 1, not {number!r}")
    return whole
