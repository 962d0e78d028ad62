"""The recorder: one thread takes frames from the source, others encode them side by side and write in order."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.byte_queue import ByteQueue
from rushes.capture.recorder.budget import OverBudget
from rushes.capture.recorder.checks import check_memory, check_options
from rushes.capture.recorder.events import Events
from rushes.capture.recorder.ledger import Ledger, RecorderStats, Summary
from rushes.capture.recorder.sinks import Pictures, Sink
from rushes.capture.recorder.state import after
from rushes.capture.recorder.turns import Turns
from rushes.capture.recorder.video_sink import Video
from rushes.capture.thin import Thinner
from rushes.errors import ConfigError, RushesError, SourceError
from rushes.limits import is_disk_full

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rushes.frame import Frame
    from rushes.interfaces import Source

__all__ = ["Recorder"]

# A source that gives about as many frames as are wanted is not thinned: its times waver.
_ABOUT = 1.05
_LOG = logging.getLogger(__name__)


class Recorder:
    """Records ``source`` (a Source, or the address of one) into ``out``, at most one frame each ``every_s``.

    ``format``: "mp4" (``out`` is a file), or "jpeg", "qoi", "png" (``out`` is a folder, which gets one growing
    file of pictures, made into one file of each at the end unless ``unpack`` is False). ``quality`` 1 to 100 is
    for mp4 and jpeg. ``memory_bytes`` bounds the frames that wait for the writers: when they are full the newest
    is dropped as "memory". ``disk_bytes`` ends the recording as "budget" before it would take more. ``threads``
    encode pictures side by side (None: two; an mp4 has one). ``overwrite`` lets an mp4 replace a file, which
    stays as it was until the new one is finished, and for good when it is cancelled.

    A source that ended or was lost, and a full disk, end it too; what was written by then stays and can be
    read, also after the death of the process: an mp4 up to its last second, pictures up to the last one. It
    records once. A Source that was given is not closed here: it belongs to the caller, and its next frame is
    the last thing waited for. Raises ConfigError for options that cannot be.
    """

    def __init__(
        self,
        source: Source | str,
        out: str | os.PathLike[str],
        *,
        every_s: float = 0.04,
        format: str = "mp4",
        quality: int = 80,
        memory_bytes: int = 256 << 20,
        disk_bytes: int | None = None,
        threads: int | None = None,
        unpack: bool = True,
        overwrite: bool = False,
    ) -> None:
        check_options(format, every_s, quality, memory_bytes, disk_bytes, threads, overwrite)
        if format == "mp4":
            importlib.import_module(
                "rushes.codecs.video.writer"
            )  # a MissingExtra now, not at the first frame
        self._given, self._out, self._every_s = source, Path(out), every_s
        self._format, self._quality, self._disk_bytes = format, quality, disk_bytes
        self._threads = 1 if format == "mp4" else threads or 2
        self._unpack, self._overwrite = unpack, overwrite
        self._ledger = Ledger()
        self._memory_bytes = memory_bytes
        self._queue: ByteQueue[tuple[int, Frame]] = ByteQueue(memory_bytes, self._ledger)
        self._turns = Turns()
        self._events = Events()
        self._lock = threading.Lock()
        self._state, self._reason = "new", "stopped"
        self._finished = threading.Event()
        self._summary: Summary | None = None
        self._source: Source | None = None
        self._sink: Sink | None = None
        self._working = 0
        self._gave_up = ""

    @property
    def summary(self) -> Summary | None:
        """What became of it; None before the end."""
        return self._summary

    def on(self, event: str, fn: Callable[..., object]) -> None:
        """Calls ``fn`` on "frame_changed"(number), "pixmap_saved"(number), "capture_stopped"(),
        "capture_cancelled"() or "capture_finished"(summary), from the recorder's own thread for events.

        The end is told once: stopped or cancelled, then finished. UnknownName for another event.
        """
        self._events.on(event, fn)

    def stats(self) -> RecorderStats:
        """The counts of this moment."""
        size = 0 if self._sink is None else self._sink.size
        return self._ledger.stats(self._late(), size)

    def start(self) -> None:
        """Opens the source and the output and begins.

        ConfigError the second time, when the output is in the way, or when ``memory_bytes`` is less than one frame
        has; SourceUnavailable and OSError as they come.
        """
        with self._lock:
            if self._state != "new":
                raise ConfigError("a recorder records once; make another", option="start")
            self._state = after(self._state, "start")
        try:
            self._open()
        except BaseException:  # whatever kept it from beginning, those who wait must not wait for ever
            with self._lock:
                self._state = "finished"
            self._close_source()
            self._summary = Summary(0, 0, 0, {}, 0, "source lost")
            self._finished.set()
            raise
        self._events.start()
        self._working = self._threads
        for number in range(self._threads):
            threading.Thread(target=self._write, name=f"recorder-writer-{number}", daemon=True).start()
        threading.Thread(target=self._take, name="recorder-intake", daemon=True).start()

    def stop(self) -> None:
        """Ends the recording and keeps it. Returns at once; see :meth:`wait`."""
        self._end("stop", "stopped")

    def cancel(self) -> None:
        """Ends the recording and deletes what it made, nothing else. Returns at once; see :meth:`wait`."""
        self._end("cancel", "cancelled")

    def wait(self, timeout_s: float | None = None) -> Summary | None:
        """The summary once all is finished and told; None when ``timeout_s`` seconds passed before."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._finished.wait(timeout_s):
            return None
        self._events.join(None if until is None else max(0.0, until - time.monotonic()))
        return self._summary

    def _open(self) -> None:
        if isinstance(self._given, str):
            from rushes.capture.sources import open_source

            self._source = open_source(self._given, fps=1 / self._every_s)
        else:
            self._source = self._given
        check_memory(self._memory_bytes, self._source.info)
        if self._format == "mp4":
            self._sink = Video(
                self._out, self._source.info, self._quality, self._disk_bytes, overwrite=self._overwrite
            )
        else:
            self._sink = Pictures(
                self._out, self._format, self._quality, self._disk_bytes, loose=self._unpack
            )

    def _end(self, happens: str, reason: str) -> None:
        with self._lock:
            before, self._state = self._state, after(self._state, happens)
            if before == self._state:
                return
            self._reason = reason
            never_began = self._state == "finished"
        if never_began:
            self._summary = Summary(0, 0, 0, {}, 0, reason)
            self._finished.set()
        self._queue.close("" if happens != "cancel" else "cancelled")

    def _take(self) -> None:
        source: Any = self._source
        fps = source.info.fps
        thin = Thinner(None if 0 < fps <= _ABOUT / self._every_s else 1 / self._every_s)
        reason, number = "source ended", 0
        try:
            for frame in source:
                wanted = thin.wants(frame.captured_ns)
                if wanted:
                    self._events.tell("frame_changed", number)
                if not self._queue.put((number, frame), frame.array.nbytes, "" if wanted else "rate"):
                    return
                number += wanted
                del frame  # a lease held while the next frame is waited for would be a slot less
        except SourceError:
            reason = "source lost"
        except Exception:  # noqa: BLE001  a user's own source may raise anything; for the recording it is lost
            _LOG.exception("the source of a recording raised")
            reason = "source lost"
        self._end("end", reason)

    def _write(self) -> None:
        sink: Any = self._sink
        while (item := self._queue.get()) is not None:
            turn, (number, frame) = item
            del item
            encoded, refused = None, ""
            try:
                encoded = sink.encode(frame)
            except Exception:  # noqa: BLE001  one frame that cannot be encoded is dropped, whatever is wrong with it
                _LOG.exception("a frame cannot be recorded")
                refused = "bad"
            with self._turns.turn(turn):
                refused = refused or self._keep(sink, encoded, frame)
            if refused:
                self._ledger.drop(refused)
            else:
                self._ledger.write()
                self._events.tell("pixmap_saved", number)
            self._queue.done(frame.array.nbytes)
            del encoded, frame  # a lease held while the next frame is waited for would be a slot less
        with self._lock:
            self._working -= 1
            last = self._working == 0
        if last:
            self._finish(sink)

    def _keep(self, sink: Sink, encoded: Any, frame: Frame) -> str:
        """Writes what was made of a frame; the reason for which it could not be, empty when it was."""
        try:
            if not sink.fits(encoded):
                return self._give_up("budget")
            sink.keep(encoded, frame)
        except OverBudget:
            return self._give_up("budget")
        except OSError as error:
            _LOG.warning("a recording ends: %s", error)
            return self._give_up("disk full" if is_disk_full(error) else "disk error")
        except RushesError as error:
            _LOG.warning("a frame cannot be recorded: %s", error)
            return "bad"
        except Exception:  # noqa: BLE001  a writer that dies of it would leave those who wait waiting for ever
            _LOG.exception("a frame cannot be recorded")
            return "bad"
        return ""

    def _give_up(self, reason: str) -> str:
        self._gave_up = self._gave_up or reason
        self._end("end", reason)
        self._queue.close(reason)
        return reason

    def _finish(self, sink: Any) -> None:
        self._close_source()
        failed = self._try_to(lambda: sink.close(self._cancelling))
        # Up to here a cancel was heard, also one after a stop; whichever comes now finds it finished.
        with self._lock:
            cancelled = self._cancelling()
            reason, self._state = self._reason, after(self._state, "done")
        if cancelled:
            self._try_to(sink.discard)
        else:
            # What cut the output short is told, also when it came after the source's end or a stop.
            misplaced = self._try_to(sink.commit)
            cut = self._gave_up or failed or misplaced
            self._ledger.settle(sink.kept, cut or "bad")
            reason = cut or reason
        end = self.stats()
        size = 0 if cancelled else end.bytes
        self._summary = Summary(end.offered, end.written, end.late, end.dropped, size, reason)
        self._events.tell("capture_cancelled" if cancelled else "capture_stopped")
        self._events.tell("capture_finished", self._summary)
        self._events.finish()
        self._finished.set()

    def _try_to(self, end: Callable[[], None]) -> str:
        """Does it; the reason when it failed, empty when it did not."""
        try:
            end()
        except OverBudget:
            return "budget"
        except Exception as error:  # noqa: BLE001  whoever waits for the end must get it, whatever went wrong with it
            _LOG.exception("a recording could not be ended as it should")
            return "disk full" if is_disk_full(error) else "disk error"
        return ""

    def _cancelling(self) -> bool:
        return self._state == "cancelling"

    def _late(self) -> int:
        if self._source is None:
            return 0
        return int(getattr(self._source.stats(), "dropped", {}).get("late", 0))

    def _close_source(self) -> None:
        if isinstance(self._given, str) and self._source is not None:
            self._source.close()
