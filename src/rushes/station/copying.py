"""Recording a channel as its camera codes it: by a connection of the recorder's own, and without a coder."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from rushes.capture.sources import open_source
from rushes.errors import ClosedError, ConfigError, RushesError
from rushes.lifecycle import StopToken
from rushes.station.messages import Came, Recorded
from rushes.station.noting import Noting
from rushes.station.plan import options_of

if TYPE_CHECKING:
    from rushes.archive import Archive, Recording
    from rushes.capture.records import OpenedCodedSource
    from rushes.station.child import Link

__all__ = ["Copying"]

_AGAIN_S = 5.0
_END_S = 10.0
_MOST_SAID = 500


class Copying:
    """One channel: opens what is at ``uri``, and records it as it is coded.

    All of it on a thread of its own, so that a camera which is not there holds up nobody. A link that breaks is
    mended by the source itself; where that gives up, or the recording ends, as on a full disk, all is begun anew after
    5 s. ``figures``: the depot of what workers find, kept from the first recording on; empty: none.
    """

    def __init__(self, name: str, uri: str, figures: str, archive: Archive, link: Link) -> None:
        self._name, self._uri, self._figures, self._archive, self._link = name, uri, figures, archive, link
        self._lock = threading.Lock()
        self._source: OpenedCodedSource | None = None
        self._recording: Recording | None = None
        self._before = _Counts()
        self._why = "opening"
        self._noting: Noting | None = None
        self._stop = StopToken(f"copying {name}")
        self._thread = threading.Thread(target=self._run, name=f"recorder {name}", daemon=True)
        self._thread.start()

    def tell(self, held: int = 0, *, final: bool = False) -> None:
        """Reports the counts; the ``final`` ones are waited for room."""
        with self._lock:
            # The recording first: it cannot have more than the source has given since.
            counts = self._before.copy()
            counts.add(self._recording, self._source, over=final)
            state = self._state(final=final)
        word = Recorded(
            channel=self._name,
            written=counts.written,
            dropped=dict(counts.dropped),
            waiting=counts.waiting,
            bytes=counts.bytes,
            state=state,
            held=held,
            final=final,
            camera=counts.came(),
        )
        (self._link.say_last if final else self._link.say)(word)

    def keep_on(self) -> None:
        """Nothing to do: its thread begins again by itself."""

    def leave(self) -> None:
        """Takes no more, and waits for nothing."""
        self._stop.set()

    def finish(self) -> None:
        """Has all that came recorded, and the file ended."""
        self.leave()
        self._thread.join(_END_S)
        if self._noting is not None:
            self._noting.finish()

    def _state(self, *, final: bool) -> str:
        """Under the lock."""
        if self._recording is None and self._why.startswith(("cannot be copied", "disk")):
            return self._why
        if final:
            return "stopped"
        trouble = str(getattr(self._source, "trouble", ""))[:_MOST_SAID]
        return trouble or ("recording" if self._recording is not None else self._why)

    def _run(self) -> None:
        while not self._stop.stopped:
            try:
                ended = self._once()
            except ClosedError:
                return
            except ConfigError as error:  # it is coded otherwise, say, or no video at all
                self._why = f"cannot be copied: {error}; in a station: record = true"[:_MOST_SAID]
            except (RushesError, OSError) as error:
                self._why = str(error)[:_MOST_SAID]
            else:
                self._why = ended
                if ended == "source ended":
                    return
            self._stop.wait(_AGAIN_S)

    def _once(self) -> str:
        """One source, from its opening to its end; why it ended."""
        options: dict[str, Any] = dict(options_of(self._uri.partition(":")[0]))
        source = open_source(self._uri, coded=True, **options)
        keep = self._stop.on_stop(source.close)
        try:
            with self._lock:
                self._source = source
            _ = source.media  # waits for the camera; a recording that is begun before would be one of nothing
            recording = self._archive.record(self._name, source)
            with self._lock:
                self._recording, self._why = recording, "opening"  # what was wrong before is history
            self._note()
            recording.wait()
            trouble = str(getattr(source, "trouble", ""))
            state = recording.stats().state
            return trouble if state == "source lost" and trouble else state
        finally:
            keep()
            source.close()
            self._settle()

    def _note(self) -> None:
        if self._figures and self._noting is None:
            self._noting = Noting(self._name, self._figures, self._archive, self._stop)

    def _settle(self) -> None:
        """What there was is history."""
        with self._lock:
            self._before.add(self._recording, self._source, over=True)
            self._recording = self._source = None


class _Counts:
    """What came and what became of it, added up over several sources and recordings."""

    def __init__(self) -> None:
        self.written = self.bytes = self.waiting = 0
        self.dropped: Counter[str] = Counter()
        self._offered = self._delivered = self._held = 0
        self._lost: Counter[str] = Counter()

    def copy(self) -> _Counts:
        made = _Counts()
        made.written, made.bytes, made.waiting = self.written, self.bytes, self.waiting
        made._offered, made._delivered, made._held = self._offered, self._delivered, self._held
        made.dropped, made._lost = self.dropped.copy(), self._lost.copy()
        return made

    def add(self, recording: Recording | None, source: OpenedCodedSource | None, *, over: bool) -> None:
        """Adds these. ``over``: nothing moves any more, so what was given to a recording that had ended is lost."""
        taken = 0
        if recording is not None:
            stats = recording.stats()
            taken = stats.offered
            self.written += stats.written
            self.bytes += stats.bytes
            self.waiting += stats.waiting
            self.dropped.update(stats.dropped)
        if source is not None:
            came = source.stats()
            self._offered += came.offered
            self._delivered += came.delivered
            self._held += came.waiting
            self._lost.update(came.dropped)
            if over and came.delivered > taken:
                self.dropped["not recorded"] += came.delivered - taken

    def came(self) -> Came:
        """The camera's side."""
        return Came(
            offered=self._offered, delivered=self._delivered, dropped=dict(self._lost), waiting=self._held
        )
