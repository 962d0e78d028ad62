"""What ``rushes recv`` does with the frames that come: counts them, records them, or shows them."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from rushes.cli.recording import check_place, code_of, kind_of
from rushes.errors import ConfigError, SourceLost, WireError
from rushes.frame import Frame, picture_size
from rushes.interfaces import SourceInfo
from rushes.metrics import LatencyMarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.capture.recorder import Summary
    from rushes.cli.stream_run import Work
    from rushes.stream.receiver import Receiver

__all__ = ["Counting", "Recording", "Taking", "Viewing"]

_EVERY_S = 1e-6  # all of them: a stream has the rate it has


class Taking:
    """The frames of a receiver, ``most`` of them or all, with their ages and the gaps between them noted."""

    def __init__(self, receiver: Receiver, most: int | None) -> None:
        self.receiver, self._most = receiver, most
        self.ages = LatencyMarks()
        self.taken = self.gaps = 0

    def frames(self) -> Iterator[Frame]:
        """Each next frame, until there were enough or the receiver was stopped."""
        for item in self.receiver.frames():
            if not isinstance(item, Frame):
                self.gaps += 1
                continue
            self.ages.mark(item.age_s)
            self.taken += 1
            yield item
            if self.taken == self._most:
                return


class Counting:
    """Only looks at them."""

    where = ""
    code = 0

    def __init__(self, taking: Taking) -> None:
        self._taking = taking

    def run(self) -> None:
        """On a thread of its own, until the frames end."""
        for _ in self._taking.frames():
            pass

    def step(self, work: Work, within_s: float) -> bool:
        """On the main thread, over and over: waits a little; whether the work is over."""
        return work.ended(within_s)

    def end(self) -> None:
        """After the receiver's stop."""

    def told(self) -> dict[str, Any]:
        """What is to be said of it at the end."""
        return {}


class Recording(Counting):
    """Records them, by the times that the sender gave them."""

    def __init__(
        self, taking: Taking, out: str, format: str | None, quality: int, *, overwrite: bool = False
    ) -> None:
        super().__init__(taking)
        from rushes.capture.recorder import Recorder

        kind = kind_of(out, format)
        check_place(kind, out, overwrite=overwrite)
        self.out, self.where = out, f" -> {out}"
        self._source = _Received(taking)
        # Opens nothing yet, and says at once what is wrong with the options.
        self._recorder = Recorder(
            self._source, out, every_s=_EVERY_S, format=kind, quality=quality, overwrite=overwrite
        )
        self._summary: Summary | None = None

    @property
    def code(self) -> int:  # type: ignore[override]
        """The exit code that its end means."""
        summary = self._summary
        return 0 if summary is None else code_of(summary)

    def run(self) -> None:
        """Waits for the first frame, whose size the recording takes, then for the end of all."""
        if self._source.begin():
            self._recorder.start()
            self._summary = self._recorder.wait()

    def told(self) -> dict[str, Any]:
        """The recording's own counts."""
        summary = self._summary
        if summary is None:
            return {"out": None}
        return {
            "out": self.out,
            "reason": summary.reason,
            "written": summary.written,
            "not_written": dict(summary.dropped),
            "size": summary.bytes,
        }


class Viewing(Counting):
    """Shows them in a window, the newest there is. The window belongs to the main thread, as systems want it."""

    where = " in a window, escape ends it"

    def __init__(self, taking: Taking) -> None:
        super().__init__(taking)
        self._next: queue.Queue[Frame] = queue.Queue(1)
        self._over = threading.Event()
        self._last: Any = None

    def run(self) -> None:
        """Hands each over. While the window is busy the receiver keeps the newest and counts the others."""
        for frame in self._taking.frames():
            while not self._over.is_set():
                try:
                    self._next.put(frame, timeout=0.1)
                    break
                except queue.Full:
                    continue

    def step(self, work: Work, within_s: float) -> bool:
        """Shows one; whether the user pressed escape, or all were shown."""
        from rushes.stream.handlers import display

        try:
            self._last = self._next.get(timeout=within_s / 4).to("bgr24").array
        except queue.Empty:
            if work.ended():
                return True
        try:
            if self._last is not None:
                display(self._last)  # the same once more keeps the window alive
        except KeyboardInterrupt:
            return True
        return False

    def end(self) -> None:
        """Nothing is shown any more."""
        self._over.set()


class _Received:
    """The frames as a source, which has a size before its first frame is asked for."""

    def __init__(self, taking: Taking) -> None:
        self._taking, self._frames = taking, taking.frames()
        self._first: Frame | None = None

    def begin(self) -> bool:
        """Waits for the first frame; False when none came."""
        self._first = next(self._frames, None)
        return self._first is not None

    @property
    def info(self) -> SourceInfo:
        """The size of the first frame, at no fixed rate."""
        first = self._first
        if first is None:
            raise ConfigError("the first frame has not come yet")
        height, width = picture_size(first.array.shape, first.format)
        return SourceInfo(width, height, 0.0, first.format)

    def __iter__(self) -> Iterator[Frame]:
        first, self._first = self._first, None
        if first is not None:
            yield first
            del first
        try:
            yield from self._frames
        except WireError as error:
            raise SourceLost(str(error)) from error

    def stats(self) -> object:
        """The receiver's."""
        return self._taking.receiver.stats()

    def close(self) -> None:
        """The receiver is not this one's to close."""
