"""The depot: the latest frames of one channel, shared between processes.

The front that users hold. It checks what comes in, follows the full-policy, and closes; the bytes, tags and leases are
the core's (``rushes._native.core``). Everything may be called from any thread.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from rushes._native import layout
from rushes._native.core import OK
from rushes.clock import SYSTEM
from rushes.depot import extras, handles, opening, policy, report
from rushes.depot.aio import AsyncWaits
from rushes.depot.consumer import FrameIterator
from rushes.depot.lease import Lease, Loan
from rushes.depot.records import DepotStats, LeaseInfo, PutResult
from rushes.depot.waiting import SLICE_S, next_hold, remaining
from rushes.errors import ConfigError, DepotFull, FrameError
from rushes.frame import Frame
from rushes.lifecycle import AsyncCloseable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes._native.core import Core, Hold

__all__ = ["Depot"]

Start = Literal["newest", "oldest"] | int


class Depot(AsyncCloseable):
    """A fixed set of slots in shared memory that holds the latest frames of one channel.

    Make one with :meth:`create`, join one with :meth:`attach`. A depot can be pickled to another process of the same user,
    which then attaches. In a forked child it attaches anew by itself at first use; leases do not cross a fork.
    Memory is taken whole at creation and never grows. Any process may be killed at any instant: what it held is
    taken back by the others. After ``close()`` every call raises ClosedError; arrays made before stay valid.
    """

    def __init__(self, opened: opening.Opened) -> None:
        """Use :meth:`create` or :meth:`attach`."""
        super().__init__()
        self.name = opened.name
        """The name to attach by; that of an anonymous depot leads through its creator's process, while that lives."""
        self.mode = opened.mode
        self.slots = opened.header.geometry.slots
        self.when_full = policy.POLICIES[opened.header.policy]
        """"drop_oldest", "drop_newest", "block", "spill", or "ask" for a callable."""
        self._opened = opened
        self._shapes = opening.shapes_of(opened.header)
        self._core: Core = opened.core
        self._file = opened.file
        self._spill = opened.spill
        self._ask = opened.ask
        self._take = policy.TAKES[self.when_full]
        self._own_consumer: int | None = None
        self._lock = threading.Lock()
        self._aio = AsyncWaits(self)
        handles.remember(self)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape every frame must have, or None when any that fits a slot may come."""
        return self._shapes.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the frames of a depot with a shape."""
        return self._shapes.dtype

    @property
    def slot_bytes(self) -> int:
        """The largest frame, in bytes."""
        return self._shapes.slot_bytes

    # -- making and joining

    @classmethod
    def create(
        cls,
        name: str | None = None,
        *,
        slots: int = 16,
        shape: Sequence[int] | None = None,
        dtype: Any = "uint8",
        slot_bytes: int | None = None,
        when_full: policy.WhenFull = "drop_oldest",
        participants: int = 64,
        replace: Literal["never", "stale", "always"] = "never",
        persistent: bool = False,
        prefault: bool = True,
        spill_dir: str | os.PathLike[str] | None = None,
        spill_bytes: int = 1 << 30,
    ) -> Depot:
        """A new depot, attached for writing. All its memory is taken now.

        ``name`` None makes an anonymous one, which leaves no file. ``shape`` (height, width, channels) and ``dtype`` fix what
        every frame must be; ``slot_bytes`` instead (or as well) allows any frame up to that size. ``when_full``:

        - "drop_oldest": the oldest frame without a lease goes. - "drop_newest": the new frame is refused.
        - "block": a frame goes only when every lossless consumer has acknowledged it; put waits.
        - "spill": the oldest frame moves to a file of ``spill_bytes`` in ``spill_dir``, taken now; when that is full its oldest goes.
        - a callable: gets the DepotStats, answers one of the first three; async with ``aput``; never called under a lock.

        ``participants``: how many handles, over all processes, may be attached at once. ``replace``: whether a depot of this name
        may be taken over: "stale" only when no process uses it. ``persistent``: keep the file when the last one leaves.
        ``prefault=False`` skips touching every page now, which makes creation fast and the first round of puts slow.

        Raises ConfigError for options that cannot be used; DepotError when the name is taken or memory does not suffice
        (nothing is left behind).
        """
        return cls(
            opening.create(
                opening.Wanted(
                    name=name,
                    slots=slots,
                    shape=None if shape is None else tuple(int(side) for side in shape),
                    dtype=dtype,
                    slot_bytes=slot_bytes,
                    when_full=when_full,
                    participants=participants,
                    replace=replace,
                    persistent=persistent,
                    prefault=prefault,
                    spill_dir=None if spill_dir is None else Path(spill_dir),
                    spill_bytes=spill_bytes,
                )
            )
        )

    @classmethod
    def attach(cls, name: str, *, mode: Literal["r", "rw"] = "r", wait_s: float = 0.0) -> Depot:
        """Join an existing depot; ``mode`` "rw" to put frames too.

        Waits up to ``wait_s`` seconds for the name to appear, then raises UnknownName listing the depots there are. Raises
        SegmentMismatch for a file that is no depot of this version, DepotError when all participant rows are taken.
        """
        if mode not in ("r", "rw"):
            raise ConfigError(f"mode must be 'r' or 'rw', not {mode!r}")
        return cls(opening.attach(name, mode, wait_s))

    def __reduce__(self) -> tuple[Any, ...]:
        self._check_open()
        return _attach_again, (self.name, self.mode)

    # -- writing

    def put(
        self,
        array_or_frame: np.ndarray[Any, Any] | Frame,
        number: int | None = None,
        *,
        captured_ns: int | None = None,
        meta: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> PutResult:
        """Copy a frame in. Never raises because the depot is full: ``stored`` and ``reason`` of the answer tell.

        The array may be strided; it is the caller's again when this returns. ``number`` None takes the Frame's own or the
        depot's count (each offered frame gets one, so a dropped frame leaves a hole). ``timeout_s`` bounds the wait under
        "block"; None waits for ever there and not at all under other policies.

        Raises FrameError when the frame does not fit the depot, ConfigError on a handle attached with mode "r".
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
        """As :meth:`put`, waiting without holding up the event loop; an async ``when_full`` function is awaited."""
        frame = self._prepare(array_or_frame, number, captured_ns, meta)
        fast = self._put_fast(frame)
        if fast is not None:
            return fast
        reason, slot, evicted = await self._aio.drive(self._admission(), timeout_s)
        return self._fill(frame, reason, slot, evicted)

    def loan(self, shape: Sequence[int] | None = None, dtype: Any = None, *, timeout_s: float | None = None) -> Loan:
        """A slot to draw into without a copy; a ``with`` block publishes it. ``shape`` and ``dtype`` default to the depot's.

        Waits as :meth:`put` does; raises DepotFull (``.reason``) when no slot can be had, FrameError when the shape does
        not fit, ConfigError when the depot has no shape and none is given.
        """
        self._check_writable()
        wanted = self._shapes.shape if shape is None else tuple(int(side) for side in shape)
        if wanted is None:
            raise ConfigError("this depot has no fixed shape: say loan(shape=…)")
        kind = self._shapes.dtype if dtype is None else opening.checks.native_dtype(dtype)
        self._shapes.check_geometry(wanted, kind)
        reason, slot, evicted = self._drive(self._admission(), timeout_s)
        if reason:
            self._core.drop(layout.DROP_REASONS.index(reason), -1)
            raise DepotFull(f"depot {self.name!r} has no slot to lend: {reason}", reason=reason, depot=self.name)
        array = self._core.target(slot, wanted, kind.str)
        return Loan(self, slot, array, None if evicted < 0 else evicted)

    def clear(self) -> int:
        """Forget every frame held or spilled; leased ones stay readable for their holders. Returns how many went."""
        self._check_writable()
        return report.clear(self._core, self._spill)

    # -- reading

    def get(self, number: int) -> Lease | None:
        """The newest frame that carries this number, in memory or spilled; None when there is none."""
        hold = self._core.get(number)
        if hold is None and self._spill is not None:
            hold = self._spill.core().get(number)
        return None if hold is None else Lease(hold)

    def newest(self) -> Lease | None:
        """The frame published last; None when the depot holds none."""
        hold = self._core.newest()
        return None if hold is None else Lease(hold)

    def oldest(self) -> Lease | None:
        """The oldest frame there is, spilled ones included; None when the depot holds none."""
        hold = self._look(-1)
        return None if hold is None else Lease(hold)

    def next(self, after_sequence: int, *, timeout_s: float | None = None) -> Lease | None:
        """The oldest frame newer than ``after_sequence``: waits for one, at most ``timeout_s`` seconds (None: for ever; 0: not at all).

        None when the time is up. Raises WriterGone when the last process that wrote was killed and nothing newer is
        left, ClosedError when another thread closes this handle meanwhile.
        """
        hold = self._look(after_sequence)
        if hold is None:
            hold = next_hold(self, after_sequence, timeout_s)
        return None if hold is None else Lease(hold)

    def wait(self, after_sequence: int, timeout_s: float | None) -> bool:
        """Wait until something newer than ``after_sequence`` was published; False when ``timeout_s`` seconds passed first."""
        core = self._core
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not core.wait(after_sequence, min(SLICE_S, remaining(until))):
            if remaining(until) <= 0:
                return False
            self._check_open()
        return True

    async def anext(self, after_sequence: int, *, timeout_s: float | None = None) -> Lease | None:
        """As :meth:`next`, without holding up the event loop."""
        hold = self._look(after_sequence)
        if hold is None:
            hold = await self._aio.next_hold(after_sequence, timeout_s)
        return None if hold is None else Lease(hold)

    def frames(self, start: Start = "newest", *, lossless: bool = False, name: str | None = None) -> FrameIterator:
        """An iterator, sync or async, over frames as they come; registered as a consumer from this call on.

        ``start``: "newest" begins with the newest frame there is, "oldest" with the oldest, a sequence with what is newer. It
        waits when there is none; a reader too slow for the depot skips what was dropped and counts it in ``missed``.
        ``lossless=True``: under "block" nothing it has not acknowledged may go; each frame is acknowledged when the next
        one is asked for. ``name`` is shown in ``stats()``. Close it, or leave its ``with`` block, to stop protecting frames.
        Raises DepotError when all consumer rows are taken; the wait raises as :meth:`next` does.
        """
        return FrameIterator(self, start, lossless=lossless, name=name)

    def ack(self, sequence: int) -> None:
        """Let frames up to ``sequence`` go, for those who read with get/next: acts on this handle's own lossless consumer.

        The first call registers that consumer, so ``ack(depot.head)`` or ``ack(-1)`` before reading protects all that follows.
        """
        with self._lock:
            if self._own_consumer is None:
                self._own_consumer = self._core.consumer_open(f"ack-{os.getpid()}", True, min(sequence, self.head))
        self._core.consumer_seen(self._own_consumer, sequence)
        self._core.consumer_ack(self._own_consumer, sequence)

    # -- knowing

    def stats(self) -> DepotStats:
        """The ledger of this moment; it adds up (see DepotStats). Also takes back what dead processes held."""
        return report.stats(self.name, self._core, self._spill, self.slots)

    def leases(self) -> list[LeaseInfo]:
        """Who holds which frame, and for how long."""
        return report.leases(self._core)

    @property
    def full(self) -> bool:
        """Whether every slot holds a frame, so that the next put has to follow ``when_full``."""
        return self._core.held() >= self.slots

    @property
    def head(self) -> int:
        """The last published sequence, -1 before the first."""
        return self._core.head()

    def __len__(self) -> int:
        return self._core.held()

    # Without this an empty depot would be false, and `if depot:` would mean something nobody meant.
    def __bool__(self) -> bool:
        return True

    def unlink(self) -> None:
        """Remove the name now: nobody can attach any more, those attached go on. Idempotent."""
        opening.unlink(self._opened)

    def __repr__(self) -> str:
        return f"<Depot {self.name!r} {self.mode} {self.slots} slots of {self.slot_bytes} bytes{' closed' if self.closed else ''}>"

    # -- inside

    def _prepare(
        self,
        given: np.ndarray[Any, Any] | Frame,
        number: int | None,
        captured_ns: int | None,
        meta: Mapping[str, Any] | None,
    ) -> tuple[np.ndarray[Any, Any], int, int, str, bytes]:
        self._check_writable()
        if isinstance(given, Frame):
            array, format = given.array, given.format
            self._shapes.check(array)
            number = given.number if number is None else number
            captured_ns = given.captured_ns if captured_ns is None else captured_ns
            more = extras.pack(given.meta if meta is None else meta, given.channel, given.track, given.figures)
        elif isinstance(given, np.ndarray):
            array, format = given, self._shapes.check(given)
            more = extras.pack(meta)
        else:
            raise FrameError(f"put takes a numpy array or a Frame, not {type(given).__name__}")
        return array, _number(number), SYSTEM.wall_ns() if captured_ns is None else captured_ns, format, more

    def _put_fast(self, frame: tuple[np.ndarray[Any, Any], int, int, str, bytes]) -> PutResult | None:
        array, number, captured_ns, format, more = frame
        if not array.flags.c_contiguous:
            return None
        status, sequence, number, evicted = self._core.put(array, self._take, number, captured_ns, format, more)
        if status != OK:
            return None
        return PutResult(True, sequence, number, None if evicted < 0 else evicted)

    def _fill(
        self, frame: tuple[np.ndarray[Any, Any], int, int, str, bytes], reason: str, slot: int, evicted: int
    ) -> PutResult:
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

    def _look(self, after: int) -> Hold | None:
        """The next frame wherever it is, without waiting."""
        hold = self._core.next(after)
        if self._spill is None:
            return hold
        # Memory first, then disk: a frame is on disk before it leaves memory, so it cannot slip through between.
        return self._spill.earlier(hold, after)

    def _check_writable(self) -> None:
        self._check_open()
        if self.mode != "rw":
            raise ConfigError(f"depot {self.name!r} is attached read-only: attach it with mode='rw' to write")

    def _close(self) -> None:
        self._aio.close()
        handles.forget(self)
        core, self._core = self._core, handles.gone(self._label())
        opening.leave(self._opened, core, self._file, self._spill)

    def _after_fork(self) -> None:
        """In a forked child: let go of the parent's claims and attach anew at first use."""
        self._lock = threading.Lock()
        self._own_consumer = None
        self._aio = AsyncWaits(self)
        if not self.closed:
            self._core = handles.rejoining(self, opening.after_fork(self._opened, self._core, self._file, self._spill))


def _number(number: int | None) -> int:
    if number is None:
        return -1
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < 2**64:
        raise FrameError(f"a frame number is a whole number from 0 to 2**64 - 1, not {number!r}")
    return int(number)


def _attach_again(name: str, mode: Literal["r", "rw"]) -> Depot:
    return Depot.attach(name, mode=mode)
