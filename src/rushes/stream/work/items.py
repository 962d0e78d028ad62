"""A worker's frames as dicts, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.errors import BadMessage, CodecError, FrameError
from rushes.frame import Frame
from rushes.stream import calling, parcel

if TYPE_CHECKING:
    from rushes.stream.work.desk import Desk
    from rushes.stream.work.held import Work
    from rushes.stream.work.intake import Intake

__all__ = ["Taker", "result_of"]


class Taker:
    """Takes works as dicts, as long as there is no end; one that was not sent when the next is asked for is skipped."""

    def __init__(self, intake: Intake, epoch: int, desk: Desk, track: str) -> None:
        self._intake, self._epoch, self._desk, self._track = intake, epoch, desk, track
        self._last: Work | None = None

    def take(self, timeout_s: float | None) -> dict[str, Any] | None:
        """The next, or None; see :class:`rushes.stream.handler.Handler`."""
        if self._last is not None:
            self._desk.skip(self._last)
            self._last = None
        while (work := self._next(timeout_s)) is not None:
            item = self._item(work)
            if item is not None:
                self._last = work
                return item
        self._desk.check()
        return None

    def ended(self) -> bool:
        """Whether there will be no more."""
        return self._intake.epoch != self._epoch

    def _next(self, timeout_s: float | None) -> Work | None:
        return self._intake.take(timeout_s, self._epoch, broken=lambda: self._desk.over)

    def _item(self, work: Work) -> dict[str, Any] | None:
        try:
            frame = calling.to_frame(work.parcel, work.message)
        except (BadMessage, CodecError, FrameError) as error:
            self._desk.failed(work, f"the picture is broken: {error}")
            return None
        # Pixels that lie in shared memory are not copied out for those who rarely look at them.
        coded = work.message.header.codec != "raw"
        buf = bytes(work.message.payload) if coded else work.message.payload
        item: dict[str, Any] = {
            "arr": frame.array,
            "meta": frame.meta,
            "ftime": frame.captured_ns / 1e9,
            "fno": frame.number,
            "track": self._track,
            "buf": buf,
        }
        work.buf = buf
        self._desk.given.remember(item, work, frame)
        return item


def result_of(data: dict[str, Any], work: Work, quality: int | None) -> tuple[parcel.Parcel, Any]:
    """What goes on of an item: its own picture or another one, and its meta if that was changed. ``quality``: see
    :func:`rushes.stream.calling.outcome`.

    FrameError or ConfigError for what cannot be sent.
    """
    array, meta = data.get("arr"), data.get("meta")
    made: parcel.Parcel = work.parcel
    payload: Any = work.message.payload
    frame = work.given
    if frame is not None and array is not None and array is not frame.array:
        made, payload = calling.outcome(_picture(array, frame), made, work.message, quality)
    elif data.get("buf") is not None and data["buf"] is not work.buf:
        made, payload = calling.outcome(Frame(data["buf"], format="jpeg"), made, work.message, quality)
    if meta != parcel.meta_of(work.parcel):
        made = parcel.with_data(made, calling.plain(meta))
    return made, payload


def _picture(array: Any, frame: Frame) -> Any:
    """An array laid out like the frame's is the same kind of picture; of another one the guess is made later."""
    pixels = np.asarray(array)
    alike = pixels.shape == frame.shape and pixels.dtype == frame.array.dtype
    return Frame(pixels, format=frame.format) if alike else pixels
