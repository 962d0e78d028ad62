"""A worker's or receiver's link to the others on this machine, without any server.

Nothing is stored on the way: a streamer keeps its frames, and a worker its results, until a receiver's user has them.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Any

from rushes.errors import ClosedError, ConfigError
from rushes.lifecycle import Closeable
from rushes.stream import parcel
from rushes.stream.places import Places, place_of
from rushes.stream.work.near_claim import NearClaim
from rushes.wire import near
from rushes.wire.jet_ticket import Ticket, as_payload
from rushes.wire.message import Header
from rushes.wire.near_drain import NearDrain
from rushes.wire.near_results import NearResults
from rushes.wire.near_source import NearSource

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.near_source import NearItem

__all__ = ["SCHEMES", "NearLink", "check_keys"]

SCHEMES = ("ipc", "shm")
"""Endpoints that stay on this machine; where work is dealt out they are two spellings of one name."""

_MOST_DESKS = 8
# A worker looks at all whose results nobody has taken yet; a receiver's user may keep what he is given.
_MOST_AT_A_WORKER, _MOST_AT_A_RECEIVER = 32, 8


def check_keys(endpoint: Endpoint, keys: str | os.PathLike[str] | None) -> None:
    """ConfigError for keys, which nobody would look at."""
    if keys is not None:
        raise ConfigError(f"{endpoint.shown} never leaves this machine: it takes no keys", option="keys")


class NearLink(Closeable):
    """:class:`rushes.stream.work.links.WorkLink` over sockets in a folder of this user's alone, and shared memory.

    ``join_drain`` first, where results are to go; ``pull`` once. A receiver's link is ``result_stream`` first.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._name, self._shown = endpoint.name, endpoint.shown
        self._member = secrets.randbits(63)
        self._lock = threading.Lock()
        self._places = Places(_MOST_AT_A_WORKER)
        self._source: NearSource | None = None
        self.drain: NearDrain | None = None
        self._results: NearResults | None = None
        self.report: NearLink = self
        self._lost: dict[int, dict[tuple[int, int], near.Frame]] = {}

    def join_drain(self, track: str, source: Any) -> None:
        """Results of that track go there from now on; what becomes of the source's streamer is told there too."""
        self.drain = NearDrain(self._name, shown=self._shown, track=track, member=self._member)
        if isinstance(source, NearLink):
            source.report = self

    def pull(self, stream: str, track: str, *, batch: int, on_item: Callable[[Any], object]) -> _Pulling:
        """Takes frames; see :class:`rushes.wire.near_source.NearSource`."""
        self._check_open()
        self._source = NearSource(
            self._name,
            shown=self._shown,
            track=track,
            member=self._member,
            credit=batch,
            look=self._places.look,
            on_item=on_item,
            on_memory=self._places.join,
            on_serves=self._serves,
            on_gone=self._gone,
            on_returned=self._returned,
        )
        return _Pulling(self._source.credit, self._source.pause)

    def result_stream(self, stream: str, *, max_in_flight: int = 256) -> None:
        """Binds the place for results. WireError when it is in use."""
        self._places = Places(_MOST_AT_A_RECEIVER)
        self._results = NearResults(self._name, shown=self._shown, look=self._places.look, lost=_lost_head)

    def pull_results(self, stream: str, *, batch: int, on_item: Callable[[Any], object]) -> _Pulling:
        """Takes results; see :class:`rushes.wire.near_results.NearResults`."""
        results = self._results
        if results is None:
            raise ConfigError(f"{self._shown} is not open for results")
        results.pull(batch, on_item)
        return _Pulling(results.credit, results.pause)

    def in_progress(self, items: Iterable[Any]) -> None:
        """Nothing: a result's worker waits for as long as it lives."""

    def results_left(self, stream: str) -> int:
        """How many results wait to be asked for."""
        return self._results.waiting if self._results is not None else 0

    def claim(self, stream: str, who: str, *, on_lost: Callable[[Any], object]) -> NearClaim:
        """How far whoever received here before has come; that the name is this link's alone is known by then."""
        return NearClaim(self._name)

    @property
    def unconfirmed(self) -> int:
        """How many results no user has yet."""
        return self.drain.unconfirmed if self.drain is not None else 0

    def publish(
        self,
        subject: str,
        message_id: str,
        head: bytes,
        payload: Any,
        *,
        timeout_s: float | None = None,
        wait_full: bool = False,
    ) -> Ticket:
        """Hands in a result, at once: the ticket is settled when a receiver's user has it."""
        self._check_open()
        if self.drain is None:
            raise ConfigError(f"{self._shown} was not joined for results")
        run, index = _run_and_index(message_id)
        place = place_of(payload) if memoryview(payload).nbytes else None
        ticket = Ticket(subject, message_id, b"", as_payload(payload), wait_full)
        self.drain.publish(ticket, near.Result(message_id, run, index, head, place), ticket.payload)
        return ticket

    def _close(self) -> None:
        for each in (self._source, self.drain, self._results):
            if each is not None:
                each.close()
        self._places.leave()

    # From here on: the source's thread, or for what is returned any.

    def _serves(self, desk: int) -> None:
        if (drain := self.report.drain) is not None:
            drain.serves(desk)

    def _gone(self, desk: int) -> None:
        with self._lock:
            self._lost[desk] = {(each.run, each.index): each for each in self._places.frames()}
            while len(self._lost) > _MOST_DESKS:
                del self._lost[next(iter(self._lost))]
        self._tell(desk)
        self._places.leave()

    def _returned(self, item: NearItem) -> None:
        with self._lock:
            self._lost.setdefault(item.desk, {})[item.frame.run, item.frame.index] = item.frame
        self._tell(item.desk)

    def _tell(self, desk: int) -> None:
        drain, source = self.report.drain, self._source
        if drain is None or source is None:
            return
        own = source.own(desk)
        with self._lock:
            frames = dict(self._lost[desk])
        for each in own:
            frames.pop((each.run, each.index), None)
        drain.lost(desk, list(frames.values()), own)


class _Pulling:
    def __init__(self, credit: Callable[[int], object], pause: Callable[[], object]) -> None:
        self._credit, self._pause, self._over = credit, pause, False

    def credit(self, count: int = 1) -> None:
        """So many more."""
        if self._over:
            raise ClosedError("nothing more is taken")
        self._credit(count)

    def close(self) -> None:
        """No more."""
        if not self._over:
            self._over = True
            self._pause()


def _run_and_index(message_id: str) -> tuple[int, int]:
    """Of a name that :func:`rushes.stream.parcel.result_id` gave; the stream's has no hyphen here."""
    _, run, rest = message_id.split("-", 2)
    return int(run), int(rest.rpartition("-")[2])


def _lost_head(track: str, frame: near.Frame) -> bytes:
    header = Header(
        stream="",
        run=frame.run,
        number=frame.number,
        captured_ns=0,
        sent_ns=0,
        track=track,
        codec="raw",
        format="array",
        shape=(0,),
        length=0,
    )
    return parcel.pack(
        parcel.Parcel(header=header, index=frame.index, outcome="gone", error="its streamer has ended")
    )
