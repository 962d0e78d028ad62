"""A link's pictures as they are coded."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from rushes.capture import burst
from rushes.capture.arrival import Arrival
from rushes.capture.coded import check_coding, no_frames, reading
from rushes.capture.groups import Groups
from rushes.capture.linked import Changed, Linked
from rushes.errors import ConfigError
from rushes.interfaces import CodedPicture, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.capture.coded import Read
    from rushes.capture.link import Feed, Link
    from rushes.codecs.video.demux import MediaInput
    from rushes.codecs.video.media import MediaInfo, Packet
    from rushes.frame import Frame

__all__ = ["CodedLive"]


# Of a picture that does not tell how long it is shown.
_STEP_S = 0.001


class CodedLive(Linked[CodedPicture]):
    """The coded pictures of a link that may break, in the order of decoding; as a CodedSource gives them.

    A thread reads all that comes; at most ``memory_bytes`` of it waits. When that is full, all up to the next key
    frame is dropped as "behind". What comes before the first key frame of a connection is dropped as "no key
    frame", what builds upon something that could not be read as "damaged". The newest one is held back until the
    next has come: the last one before a link breaks may be torn, and is dropped as "damaged" too.

    ``captured_ns`` is when the first one arrived, or the burst that a connection began with ended, plus the
    picture's own time, held to our clock: see :mod:`~rushes.capture.burst` and
    :class:`~rushes.capture.arrival.Arrival`.

    For links that break see :class:`Linked`; SourceLost is raised also when they come back with another coding,
    as one file cannot hold both. ConfigError for other codings than H.264 and HEVC.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        reconnect: bool = True,
        stall_s: float = 5.0,
        open_timeout_s: float = 10.0,
        wait_s: float | None = None,
        memory_bytes: int = 64 << 20,
    ) -> None:
        super().__init__(
            feed, reconnect=reconnect, stall_s=stall_s, open_timeout_s=open_timeout_s, wait_s=wait_s
        )
        if not memory_bytes > 0:
            raise ConfigError(f"memory_bytes is {memory_bytes}; give more than 0", option="memory_bytes")
        self._most_bytes = memory_bytes
        self._media: MediaInfo | None = None
        self._waiting: deque[tuple[Packet, int]] = deque()
        self._fresh: list[tuple[Read, int]] | None = None  # what a connection begins with
        self._held: tuple[Packet, int] | None = None  # the newest one
        self._holder: Link | None = None
        self._bytes = 0  # of all three
        self._arrival = Arrival()
        self._groups = Groups()
        self._dropped = dict.fromkeys(("no key frame", "behind", "damaged", "closed"), 0)
        self._begin()

    @property
    def media(self) -> MediaInfo:
        """Waits for the first opening; see the class for what it raises and when."""
        self._wait_for_opening()
        if self._media is None:
            raise RuntimeError("an open link without its description")
        return self._media

    @property
    def info(self) -> SourceInfo:
        """As :attr:`media`."""
        media = self.media
        return SourceInfo(media.width, media.height, media.fps, media.native_format)

    def __iter__(self) -> Iterator[Frame]:
        no_frames(self.name)

    def packets(self) -> Iterator[CodedPicture]:
        """As a CodedSource's."""
        return self._iterate()

    def opened(self, link: Link, info: MediaInfo) -> None:
        """For the link's thread."""
        check_coding(self.name, info)
        with self._change:
            if not self._current(link):
                return
            if self._media is None:
                self._media = info
            elif _coding(info) != _coding(self._media):
                raise Changed(
                    f"{self.name} came back with another coding ({info.codec} {info.width}x{info.height}); "
                    "open it anew",
                    uri=self.name,
                )
            self._let_go()
            self._holder = link
            self._fresh = []
            self._groups.restart()
            self._change.notify_all()

    def read(self, source: MediaInput) -> Iterator[tuple[Any, float | None]]:
        """For the link's thread."""
        return ((each, each.packet.dts_s) for each in reading(source))

    def came(self, link: Link, item: Read, arrived_ns: int) -> None:
        """For the link's thread."""
        with self._change:
            if not self._current(link):
                return
            self._phase.frame()
            self._offered += 1
            if self._fresh is None:
                self._take_in(item, item.packet.dts_s, arrived_ns)
                return
            over = bool(self._fresh) and burst.is_over(self._fresh[0][1], self._fresh[-1][1], arrived_ns)
            self._fresh.append((item, arrived_ns))
            self._bytes += item.packet.size
            if over or self._bytes > self._most_bytes:
                self._sort_out()

    def _sort_out(self) -> None:
        """What a connection began with is all there: now it is known when it was taken. Under ``change``."""
        fresh, self._fresh = self._fresh, None
        if not fresh:
            return
        self._bytes -= sum(item.packet.size for item, _ in fresh)
        times = _decoded_s([item.packet for item, _ in fresh])
        origin_ns = burst.origin_ns(
            [(at_s, arrived) for at_s, (_, arrived) in zip(times, fresh, strict=True)]
        )
        shown_s = fresh[0][0].packet.pts_s
        self._arrival.begin(times[0] if shown_s is None else shown_s, times[0], origin_ns)
        for at_s, (item, _) in zip(times, fresh, strict=True):
            # As if each had come by itself, or the key frames among them would seem to be late.
            self._take_in(item, at_s, origin_ns + round((at_s - times[0]) * 1e9))

    def _take_in(self, item: Read, decoded_s: float | None, arrived_ns: int) -> None:
        packet = item.packet
        taken_ns = self._arrival.stamp(
            packet.pts_s, decoded_s, packet.duration_s, packet.keyframe, arrived_ns
        )
        fits = self._bytes + packet.size <= self._most_bytes
        lost = self._groups.judge(packet.keyframe, fits=fits, damaged=item.damaged)
        if lost:
            self._dropped[lost] += 1
            return
        if self._held is not None:
            self._waiting.append(self._held)
            self._change.notify_all()
        self._held = packet, taken_ns
        self._bytes += packet.size

    def _let_go(self) -> None:
        """No more comes of the connection that there was. Under ``change``."""
        self._sort_out()
        held, link, self._held = self._held, self._holder, None
        if held is None or link is None:
            return
        # One that was left in a read has not been told of any end, so what it gave is whole.
        if link.done and (link.live or link.failure is not None):
            self._bytes -= held[0].size
            self._dropped["damaged"] += 1
        else:
            self._waiting.append(held)

    def _all_waiting(self) -> int:
        return len(self._waiting) + len(self._fresh or ()) + (self._held is not None)

    def _known(self) -> bool:
        return self._media is not None

    def _next(self) -> CodedPicture | None:
        if self._link is None:
            self._let_go()
        if not self._waiting:
            return None
        packet, captured_ns = self._waiting.popleft()
        self._bytes -= packet.size
        number = self._delivered
        self._delivered += 1
        return CodedPicture(packet, captured_ns, number)

    def _clear(self) -> None:
        self._dropped["closed"] += self._all_waiting()
        self._waiting.clear()
        self._fresh = self._held = None
        self._bytes = 0


def _decoded_s(packets: list[Packet]) -> list[float]:
    """When each is decoded, in seconds of the stream's clock; cameras leave out the times of their first ones."""
    known = [each.dts_s if each.dts_s is not None else each.pts_s for each in packets]
    first = next((place for place, at_s in enumerate(known) if at_s is not None), 0)
    steps = [each.duration_s or _STEP_S for each in packets]
    last_s = (known[first] or 0.0) - sum(steps[: first + 1])
    times = []
    for at_s, step_s in zip(known, steps, strict=True):
        last_s = last_s + step_s if at_s is None else at_s
        times.append(last_s)
    return times


def _coding(media: MediaInfo) -> tuple[str, int, int, bytes]:
    return media.codec, media.width, media.height, media.extradata
