"""The door for programs written for the frames depot package.

Write ``from rushes.compat.frames_depot import FramesDepot`` for ``from frames_depot import FramesDepot``.
"""

from __future__ import annotations

import atexit
import contextlib
import inspect
import operator
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rushes.compat.retired import MARK_BYTES, MARKS, Retired
from rushes.compat.shared_block import SharedBlock
from rushes.depot import Depot, list_depots
from rushes.errors import ClosedError, ConfigError, DepotError, FrameError, SegmentMismatch, UnknownName

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

__all__ = ["FramesDepot"]

_NAME_LENGTH = 90  # leaves room for the suffix below within the 100 characters of a depot's name
_SUFFIX = ".retired"
_TRIES = 5

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


class FramesDepot:
    """A queue of the latest numbered frames, shared by every process that opens it under the same name.

    ``frame_size`` is (width, height, channels); frames are uint8 of exactly that shape or of (height, width,
    channels). At most ``max_size`` frames wait; when they do, a new one is refused, counted in
    ``dropped_frames``, and ``backpressure_callback``, plain or async, is called without arguments.

    Behind it is the :class:`rushes.Depot` called ``memory_name``, each character but letters, digits, ``.``,
    ``_`` and ``-`` replaced by ``_`` and cut to 90 characters; what was retired stands in a small second one
    with ``.retired`` appended. Who opens the name while another process has it open joins that one's frames.
    The frame asked for last lies in the shared block ``memory_name`` itself, where ``SharedMemory(memory_name)``
    of the standard library finds it; the last process to close removes all three. That block has no lock: who
    reads it while the next frame is being fetched may see parts of both. Needs no running event loop to be
    made.

    Raises ConfigError for arguments that cannot be used, SegmentMismatch when the name is in use with another
    size or by another kind of depot, DepotError when memory does not suffice.
    """

    def __init__(
        self,
        frame_size: tuple[int, int, int],
        memory_name: str,
        max_size: int = 10,
        backpressure_callback: Callable[[], Awaitable[object] | object] | None = None,
    ) -> None:
        width, height, channels = _sides(frame_size)
        _check_arguments(memory_name, max_size, backpressure_callback)
        self.frame_size = (width, height, channels)
        self.memory_name = memory_name
        self.depot_name = _depot_name(memory_name)
        """The name by which ``rushes.Depot.attach`` and ``rushes depot`` know the frames."""
        self.max_size = max_size
        self.backpressure_callback = backpressure_callback
        self.dropped_frames = 0
        """How many frames this object refused because the queue was full."""
        self._shapes = (self.frame_size, (height, width, channels))
        self._label = f"FramesDepot {memory_name!r}"
        self._closed = False
        name = self.depot_name
        size = width * height * channels
        # Closed in the reverse order. Who holds the frames then always holds what says which are retired, and
        # the block goes last, when the marks tell whether anyone is left; viewers may keep the frames.
        with contextlib.ExitStack() as held:
            self._block = SharedBlock(memory_name, size)
            held.callback(lambda: self._block.leave(last=not _exists(name + _SUFFIX)))
            marks = held.enter_context(_share(name + _SUFFIX, MARKS, MARK_BYTES, "drop_oldest"))
            self._frames = held.enter_context(_share(name, max_size, size, "drop_newest"))
            self._retired = Retired(marks, self._frames)
            self._block.open()  # not before the name is known to be ours: it may belong to something else
            self._held = held.pop_all()
        atexit.register(self._leave)  # so that a program that forgets to close leaves no block behind

    async def enqueue(self, frame_dict: Mapping[str, Any]) -> bool:
        """Copy ``frame_dict["frame"]`` in under the number ``frame_dict["frame_number"]``; whether it is in.

        The array is the caller's again afterwards. Of two frames with one number the newer is found. When the
        queue is full the frame is refused, counted, and the callback called once; what it raises comes out
        here. Raises ConfigError when a key is missing, FrameError for another shape or dtype, or no number.
        """
        self._check_open()
        number, frame = self._parts(frame_dict)
        # Stands where the retired frames end for as long as the put takes: those up to there may go, none
        # after. A place kept between puts would hold back everyone once this process stops putting.
        with self._frames.frames(self._retired.upto(), lossless=True, name="frames-depot"):
            stored = self._frames.put(frame, number).stored
        if stored:
            return True
        self.dropped_frames += 1
        if self.backpressure_callback is not None:
            answer = self.backpressure_callback()
            if inspect.isawaitable(answer):
                await answer
        return False

    def get_frame(self, frame_number: int) -> Pixels | None:
        """A copy of the frame with this number, shaped as it was enqueued; None when there is none.

        It is copied into the shared block as well. It and all that were enqueued before it are retired: they
        make room, for every process, and cannot be had again.
        """
        self._check_open()
        number = _whole(frame_number)
        lease = self._frames.get(number) if 0 <= number < 2**64 else None
        if lease is None:
            return None
        with lease:
            sequence = lease.sequence
            if sequence <= self._retired.upto():
                return None
            frame: Pixels = lease.array.copy()
        self._block.show(frame)
        self._retired.raise_to(sequence)
        return frame

    async def clear_queue(self) -> None:
        """Forget every frame that waits, for every process. The shared block keeps its content."""
        self._check_open()
        self._frames.clear()

    async def close(self) -> None:
        """Leave; the last process to do so removes the frames and the shared block. Further calls do
        nothing.
        """
        self._leave()

    @property
    def queue_is_full(self) -> bool:
        """Whether ``max_size`` frames wait, so that the next one would be refused."""
        return len(self) >= self.max_size

    def __len__(self) -> int:
        self._check_open()
        # The first counts frames that are retired but not yet overwritten, the second those that were
        # cleared.
        return max(0, min(len(self._frames), self._frames.head - self._retired.upto()))

    # Without this an empty queue would be false, and `if depot:` would mean something nobody meant.
    def __bool__(self) -> bool:
        return True

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _leave(self) -> None:
        self._closed = True
        atexit.unregister(self._leave)
        self._held.close()  # a second call finds it empty

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError(f"{self._label} is closed", name=self._label)

    def _parts(self, frame_dict: Any) -> tuple[int, Pixels]:
        if not isinstance(frame_dict, Mapping) or not {"frame_number", "frame"} <= frame_dict.keys():
            raise ConfigError('enqueue takes {"frame_number": number, "frame": array}; a key is missing')
        frame = frame_dict["frame"]
        if not isinstance(frame, np.ndarray) or frame.shape not in self._shapes or frame.dtype != np.uint8:
            shape, dtype = getattr(frame, "shape", ()), str(getattr(frame, "dtype", type(frame).__name__))
            raise FrameError(
                f"{self._label} holds uint8 arrays of shape {self._shapes[0]} or {self._shapes[1]}; "
                f"got {shape}, {dtype}",
                shape=shape,
                dtype=dtype,
            )
        return _whole(frame_dict["frame_number"]), frame


def _share(name: str, slots: int, slot_bytes: int, when_full: str) -> Depot:
    """Make the depot, or join the one that other processes have open."""
    for _ in range(_TRIES):
        try:
            return Depot.create(
                name, slots=slots, slot_bytes=slot_bytes, when_full=when_full, replace="stale"
            )
        except SegmentMismatch:
            raise
        except DepotError as error:
            taken = error
        try:
            found = Depot.attach(name, mode="rw")
        except UnknownName:
            continue  # the last one left it since
        kind = (found.slots, found.slot_bytes, found.when_full)
        if kind == (slots, slot_bytes, when_full):
            return found
        found.close()
        raise SegmentMismatch(
            f"depot {name!r} is in use with another frame_size or max_size, or for something else: "
            "choose another memory_name",
            expected=f"{slots} slots of {slot_bytes} bytes, {when_full}",
            found="{} slots of {} bytes, {}".format(*kind),
            depot=name,
        )
    raise taken


def _exists(name: str) -> bool:
    return any(each.name == name for each in list_depots())


def _depot_name(memory_name: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", memory_name)[:_NAME_LENGTH]
    return re.sub(r"^[.-]", "_", name)  # no depot's name may begin so


def _whole(number: Any) -> int:
    try:
        return operator.index(number)
    except TypeError:
        raise FrameError(f"a frame number is a whole number, not {number!r}") from None


def _sides(frame_size: tuple[int, int, int]) -> tuple[int, int, int]:
    try:
        width, height, channels = (operator.index(side) for side in frame_size)
    except (TypeError, ValueError):
        width = height = channels = 0
    if min(width, height, channels) < 1:
        raise ConfigError(f"frame_size is (width, height, channels), each at least 1, not {frame_size!r}")
    return width, height, channels


def _check_arguments(memory_name: Any, max_size: Any, callback: Any) -> None:
    if not isinstance(memory_name, str) or not re.fullmatch(r"[^/\0]{1,200}", memory_name):
        raise ConfigError(f"memory_name is a text of 1 to 200 characters without '/', not {memory_name!r}")
    if memory_name in (".", ".."):
        raise ConfigError(f"memory_name {memory_name!r} cannot name a block")
    if type(max_size) is not int or max_size < 1:
        raise ConfigError(f"max_size is a number of frames, at least 1, not {max_size!r}")
    if callback is not None and not callable(callback):
        raise ConfigError(f"backpressure_callback is a function or None, not {callback!r}")
