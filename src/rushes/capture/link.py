"""One connection of a live source: a thread that opens, reads and decodes, and may have to be left behind."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rushes.clock import SYSTEM
from rushes.codecs.video.redact import redact
from rushes.errors import RushesError, SourceLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rushes.codecs.video.demux import MediaInput
    from rushes.codecs.video.media import MediaInfo
    from rushes.lifecycle import StopToken

__all__ = ["Feed", "Link", "LinkOwner"]


@dataclass(frozen=True)
class Feed:
    """What to open, and by which name it may be shown. ``repr`` shows no address."""

    name: str
    target: str
    format: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Feed({self.name!r})"

    @classmethod
    def of(cls, uri: str, options: tuple[tuple[str, str], ...]) -> Feed:
        """A network address."""
        return cls(redact(uri), uri, options=options)


class LinkOwner(Protocol):
    """Who is told what comes; each call on the link's thread."""

    def opened(self, link: Link, info: MediaInfo) -> None:
        """The input is open."""
        ...

    def read(self, source: MediaInput) -> Iterator[tuple[Any, float | None]]:
        """What is wanted of the input, each with its second of the stream's clock, by which a file is paced."""
        ...

    def came(self, link: Link, item: Any, arrived_ns: int) -> None:
        """One more of these, at that moment in UTC nanoseconds."""
        ...

    def over(self, link: Link) -> None:
        """The link is done with."""
        ...


class Link:
    """A thread over one MediaInput. A read of the library cannot be interrupted, so whoever has enough of it
    calls ``leave()``: nothing more is told, and the thread ends with the read, giving the input back.

    ``failure`` says, once over, why; None is the end of the data.
    """

    def __init__(
        self,
        feed: Feed,
        owner: LinkOwner,
        stop: StopToken,
        open_timeout_s: float,
        read_timeout_s: float,
        announce: Callable[[Link], None],
    ) -> None:
        self.live = True
        self.done = False
        self.opened_yet = False
        self.damaged = 0
        self.failure: RushesError | None = None
        self.heard_ns = SYSTEM.monotonic_ns()
        self._feed = feed
        self._owner = owner
        # A child lives only as long as somebody holds it; this object does.
        self._stop = stop.child(feed.name)
        self._timeouts_s = (open_timeout_s, read_timeout_s)
        # A daemon: at the end of the program a read that hangs must not keep it.
        self._thread = threading.Thread(target=self._run, name=f"rushes link {feed.name}", daemon=True)
        announce(self)  # before anything can come of it
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread still holds its input."""
        return self._thread.is_alive()

    def leave(self) -> None:
        """Nothing more is wanted; does not wait."""
        self._stop.set()

    def _run(self) -> None:
        from rushes.codecs.video.demux import MediaInput

        try:
            with MediaInput(
                self._feed.target,
                format=self._feed.format,
                options=dict(self._feed.options),
                open_timeout_s=self._timeouts_s[0],
                read_timeout_s=self._timeouts_s[1],
                close_token=self._stop,
            ) as source:
                try:
                    self._read(source)
                finally:
                    self.damaged = _lost(source)  # also what was bad behind the last sound picture
        except RushesError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001  a silent end of this thread would be a hang of the consumer
            # Only the kind: what a library says of an address may hold the password.
            self.failure = SourceLost(
                f"{self._feed.name} broke off: {type(error).__name__}", uri=self._feed.name
            )
        finally:
            self.done = True
            self._owner.over(self)

    def _read(self, source: MediaInput) -> None:
        self.live = source.info.live
        self.opened_yet = True
        self.heard_ns = SYSTEM.monotonic_ns()
        self._owner.opened(self, source.info)
        begun_ns, first_s = SYSTEM.monotonic_ns(), None
        for item, at_s in self._owner.read(source):
            if not self.live and at_s is not None:
                first_s = at_s if first_s is None else first_s
                ahead_s = at_s - first_s - (SYSTEM.monotonic_ns() - begun_ns) / 1e9
                self.heard_ns = SYSTEM.monotonic_ns() + max(0, round(ahead_s * 1e9))
                if ahead_s > 0:
                    self._stop.wait(ahead_s)
            if self._stop.stopped:
                return
            self.heard_ns = SYSTEM.monotonic_ns()
            self.damaged = _lost(source)
            self._owner.came(self, item, SYSTEM.wall_ns())


def _lost(source: MediaInput) -> int:
    return source.damage.bad_packets + source.damage.skipped_until_key
