"""The depot: the latest frames of one channel, shared between processes.

The front that users hold. ``writing`` and ``reading`` are its two halves over ``handle``; the bytes, tags and
leases are the core's (``rushes._native.core``). Everything may be called from any thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rushes.depot import opening, policy
from rushes.depot.reading import Reading
from rushes.depot.writing import Writing
from rushes.errors import ConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["Depot"]


class Depot(Writing, Reading):
    """A fixed set of slots in shared memory that holds the latest frames of one channel.

    Make one with :meth:`create`, join one with :meth:`attach`. A depot can be pickled to another process of
    the same user, which then attaches. In a forked child it attaches anew by itself at first use; leases do
    not cross a fork. Memory is taken whole at creation and never grows. Any process may be killed at any
    instant: what it held is taken back by the others. After ``close()`` every call raises ClosedError; arrays
    made before stay valid.
    """

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

        ``name`` None makes an anonymous one, which leaves no file. ``shape`` (height, width, channels) and
        ``dtype`` fix what every frame must be; ``slot_bytes`` instead (or as well) allows any frame up to
        that size. ``when_full``:

        - "drop_oldest": the oldest frame without a lease goes. - "drop_newest": the new frame is refused.
        - "block": a frame goes only when every lossless consumer has acknowledged it; put waits.
        - "spill": the oldest frame moves to a file of ``spill_bytes`` in ``spill_dir``, taken now; when that
          is full its oldest goes.
        - a callable: gets the DepotStats, answers one of the first three; async with ``aput``; never called
          under a lock.

        ``participants``: how many handles, over all processes, may be attached at once. ``replace``: whether
        a depot of this name may be taken over: "stale" only when no process uses it. ``persistent``: keep the
        file when the last one leaves. ``prefault=False`` skips touching every page now, which makes creation
        fast and the first round of puts slow.

        Raises ConfigError for options that cannot be used; DepotError when the name is taken or memory does
        not suffice (nothing is left behind).
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

        Waits up to ``wait_s`` seconds for the name to appear, then raises UnknownName listing the depots
        there are. Raises SegmentMismatch for a file that is no depot of this version, DepotError when all
        participant rows are taken.
        """
        if mode not in ("r", "rw"):
            raise ConfigError(f"mode must be 'r' or 'rw', not {mode!r}")
        return cls(opening.attach(name, mode, wait_s))

    def __reduce__(self) -> tuple[Any, ...]:
        self._check_open()
        return _attach_again, (self.name, self.mode)

    # -- leaving

    def unlink(self) -> None:
        """Remove the name now: nobody can attach any more, those attached go on. Idempotent."""
        opening.unlink(self._opened)

    def __repr__(self) -> str:
        ended = " closed" if self.closed else ""
        return f"<Depot {self.name!r} {self.mode} {self.slots} slots of {self.slot_bytes} bytes{ended}>"


def _attach_again(name: str, mode: Literal["r", "rw"]) -> Depot:
    return Depot.attach(name, mode=mode)
