"""A recording under way: one thread takes pictures from the source, another writes them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from rushes.archive.database import IndexBusy
from rushes.archive.feed import Feed
from rushes.archive.records import RecordingStats
from rushes.archive.rolling import Roll
from rushes.byte_queue import ByteQueue
from rushes.errors import ArchiveError, ArchiveFull, RushesError, SourceError
from rushes.lifecycle import Closeable, StopToken
from rushes.limits import is_disk_full
from rushes.metrics import Edge

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.archive.rolling import Ground, Plan

__all__ = ["Recording"]

_LOG = logging.getLogger(__name__)
# When nothing came for so long, what is there is made readable instead of waiting for a key frame.
_IDLE_S = 2.0
_PATIENCE_S = 10.0


class Recording(Closeable):
    """``source`` going into an archive as ``channel``, from now to :meth:`stop` or to the source's end.

    ``memory_bytes`` bounds the pictures that wait for the disk: when they are full the newest is dropped as
    "memory". The source belongs to the caller and is not closed here.
    """

    def __init__(
        self,
        channel: str,
        source: Any,
        ground: Ground,
        plan: Plan,
        memory_bytes: int,
        ended: Callable[[Recording], None],
    ) -> None:
        super().__init__()
        self.channel = self.name = channel
        self._stop = StopToken(f"recording {channel}")
        self._edge = Edge(channel)
        self._feed = Feed(source, self._edge)
        self._roll = Roll(channel, ground, plan, self._edge, self._stop)
        self._queue: ByteQueue[Any] = ByteQueue(memory_bytes, self._edge)
        self._ended = ended
        self._lock = threading.Lock()
        self._state = "recording"
        self._writer = threading.Thread(target=self._write, name=f"archive {channel}", daemon=True)
        self._intake = threading.Thread(target=self._take, name=f"archive intake {channel}", daemon=True)

    def start(self) -> None:
        """Begins. Called once, by the archive."""
        self._writer.start()
        self._intake.start()

    def stop(self) -> None:
        """Ends the recording; returns when everything that came is in the file and in the index, or 20 s later.

        May be called again, and from any thread.
        """
        self._end("stopped")
        self._stop.set()
        self._feed.close()
        if threading.current_thread() is not self._writer:
            self._writer.join(2 * _PATIENCE_S)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits for the end, whatever brings it; False when ``timeout_s`` seconds passed before."""
        self._writer.join(timeout_s)
        return not self._writer.is_alive()

    def stats(self) -> RecordingStats:
        """The counts of this moment."""
        edge, roll = self._edge.stats(), self._roll
        return RecordingStats(
            self.channel,
            edge.offered,
            edge.delivered,
            dict(edge.dropped),
            edge.waiting,
            roll.segments,
            roll.bytes,
            roll.timeline.steps,
            roll.telling.behind,
            self._state,
        )

    def _close(self) -> None:
        self.stop()

    def _end(self, why: str, drop: str = "") -> None:
        with self._lock:
            if self._state == "recording":
                self._state = why
        self._queue.close(drop)

    def _take(self) -> None:
        why = "source ended"
        try:
            self._feed.open()
            self._roll.expect(self._feed.fps)
            for item in self._feed.items:
                if not self._queue.put(item, Feed.size(item)):
                    return
                del item  # a lease held while the next one is waited for would be a slot less
        except SourceError as error:
            _LOG.warning("%s: %s", self.channel, error)
            why = "source lost"
        except Exception:  # noqa: BLE001  a user's own source may raise anything; for the recording it is lost
            _LOG.exception("the source of %s raised", self.channel)
            why = "source lost"
        self._end(why)

    def _write(self) -> None:
        try:
            while True:
                taken = self._queue.get(_IDLE_S)
                if taken is not None:
                    self._one(taken[1])
                    self._queue.done(Feed.size(taken[1]))
                elif self._queue.finished:
                    break
                else:
                    self._rest()
                del taken  # a lease held while the next one is waited for would be a slot less
        finally:
            self._finish()

    def _one(self, item: Any) -> None:
        """Writes one picture; what cannot be written is dropped, and what cannot go on ends the recording."""
        taken, why = self._roll.taken, ""
        try:
            if self._feed.media is None:
                self._roll.picture(item)
            else:
                self._roll.packet(item.packet, item.captured_ns, item.number, self._feed.media)
        except IndexBusy:
            why = "index busy"
        except (ArchiveError, OSError) as error:
            why = self._fail(error)
        except RushesError as error:
            _LOG.warning("%s: a picture cannot be recorded: %s", self.channel, error)
            why = "bad"
        if why and self._roll.taken == taken:
            self._edge.drop(why)

    def _rest(self) -> None:
        """Nothing came for a while."""
        try:
            self._roll.pause()
            self._roll.telling.catch_up()
        except (ArchiveError, OSError) as error:
            self._fail(error)

    def _fail(self, error: ArchiveError | OSError) -> str:
        _LOG.warning("%s: the recording ends: %s", self.channel, error)
        full = isinstance(error, ArchiveFull) or is_disk_full(error)
        reason = "disk full" if full else "disk error"
        self._end(reason, reason)
        return reason

    def _finish(self) -> None:
        try:
            self._roll.pause()
            if not self._roll.telling.settle(_PATIENCE_S):
                _LOG.warning("%s: the index does not know of everything yet", self.channel)
        except (ArchiveError, OSError) as error:
            self._fail(error)
        finally:
            left = self._edge.stats().waiting
            if left:  # they are in the file, and will be found when the archive is opened again
                self._edge.drop(self._state if self._state.startswith("disk") else "index busy", left)
            self._ended(self)
