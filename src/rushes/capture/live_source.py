"""The source over a link that may break: its newest frames."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from rushes.capture.linked import Changed, Linked
from rushes.capture.thin import Thinner
from rushes.errors import ConfigError
from rushes.frame import Frame, picture_size
from rushes.interfaces import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.capture.link import Feed, Link
    from rushes.codecs.video.demux import MediaInput
    from rushes.codecs.video.media import MediaInfo, Picture

__all__ = ["LiveSource"]


class LiveSource(Linked[Frame]):
    """The newest frames of a link that may break, numbered from 0 as they are delivered. Each owns its pixels.

    A thread decodes all that comes and keeps the newest ``keep`` frames; older ones that nobody took are
    dropped as "stale", what cannot be decoded soundly as "damaged", what exceeds ``fps`` as "rate".
    ``captured_ns`` is when the frame had been decoded. For links that break see :class:`Linked`; SourceLost is
    raised also when the pictures come back in another size or format.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        fps: float | None = None,
        reconnect: bool = True,
        stall_s: float = 5.0,
        open_timeout_s: float = 10.0,
        wait_s: float | None = None,
        keep: int = 1,
    ) -> None:
        super().__init__(
            feed, reconnect=reconnect, stall_s=stall_s, open_timeout_s=open_timeout_s, wait_s=wait_s
        )
        if not keep > 0:
            raise ConfigError(f"keep is {keep}; give a number above 0", option="keep")
        self._fps = fps
        self._thinner = Thinner(fps)
        self._slot: deque[tuple[Picture, int]] = deque()
        self._keep = keep
        self._info: SourceInfo | None = None
        self._dropped = dict.fromkeys(("stale", "rate", "damaged", "closed"), 0)
        self._begin()

    @property
    def info(self) -> SourceInfo:
        """Waits for the first opening; see the class for what it raises and when."""
        self._wait_for_opening()
        if self._info is None:
            raise RuntimeError("an open link without its description")
        return self._info

    def __iter__(self) -> Iterator[Frame]:
        return self._iterate()

    def opened(self, link: Link, info: MediaInfo) -> None:
        """For the link's thread."""
        with self._change:
            if not self._current(link):
                return
            own = info.fps if self._fps is None else min(self._fps, info.fps or self._fps)
            fresh = SourceInfo(info.width, info.height, own, info.native_format)
            if self._info is None:
                self._info = fresh
            self._same(fresh)
            self._change.notify_all()

    def read(self, source: MediaInput) -> Iterator[tuple[Any, float | None]]:
        """For the link's thread."""
        return ((picture, picture.pts_s) for picture in source.frames())

    def came(self, link: Link, item: Picture, arrived_ns: int) -> None:
        """For the link's thread."""
        height, width = picture_size(item.array.shape, item.format)
        with self._change:
            if not self._current(link):
                return
            self._same(SourceInfo(width, height, 0.0, item.format))
            self._phase.frame()
            self._offered += 1
            if item.corrupt:
                self._dropped["damaged"] += 1
            elif not self._thinner.wants(arrived_ns):
                self._dropped["rate"] += 1
            else:
                self._slot.append((item, arrived_ns))
                if len(self._slot) > self._keep:
                    self._slot.popleft()
                    self._dropped["stale"] += 1
            self._change.notify_all()

    def _all_waiting(self) -> int:
        return len(self._slot)

    def _known(self) -> bool:
        return self._info is not None

    def _next(self) -> Frame | None:
        if not self._slot:
            return None
        picture, captured_ns = self._slot.popleft()
        number = self._delivered
        self._delivered += 1
        return Frame(picture.array, number, captured_ns=captured_ns, format=picture.format)

    def _clear(self) -> None:
        self._dropped["closed"] += len(self._slot)
        self._slot.clear()

    def _same(self, fresh: SourceInfo) -> None:
        known = self._info
        if known is None or (fresh.width, fresh.height, fresh.format) == (
            known.width,
            known.height,
            known.format,
        ):
            return
        raise Changed(
            f"{self.name} gives {fresh.width}x{fresh.height} {fresh.format} now, "
            f"not {known.width}x{known.height} {known.format}; open it anew",
            uri=self.name,
        )
