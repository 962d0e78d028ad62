"""What can be recorded, made into one kind of thing: frames or coded pictures, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ClosedError, ConfigError, WriterGone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushes.frame import Frame
    from rushes.metrics import Edge

__all__ = ["Feed"]

_LOOK_S = 0.05


class Feed:
    """A Source, a source of coded pictures, or a Depot.

    ``items``: what comes, once. ``media`` is what coded pictures are coded by, None for frames. ``fps`` is 0 when
    it is not known. All three after :meth:`open`. ConfigError for anything else.
    """

    def __init__(self, source: Any, edge: Edge) -> None:
        self._source, self._edge = source, edge
        self.media: Any = None
        self.fps = 0.0
        self.items: Iterator[Any] = iter(())
        self._frames: Any = None
        self._coded = _has(source, "packets") and _has(source, "media")
        if self._coded:
            return
        if hasattr(source, "newest") and hasattr(source, "frames"):
            # At once, so that what is put from now on is recorded.
            self._frames = source.frames("newest", name="archive")
        elif not (_has(source, "__iter__") and _has(source, "info")):
            raise ConfigError(
                f"a {type(source).__name__} cannot be recorded: give a source, as open_source does, or a depot",
                option="source",
            )

    def open(self) -> None:
        """Makes ``items``, ``media`` and ``fps`` what they are. Waits where the source does: for a camera, say."""
        source = self._source
        if self._coded:
            self.media, self.fps = source.media, float(source.media.fps)
            self.items = iter(source.packets())
        elif self._frames is not None:
            self.items = _of_depot(self._frames, self._edge)
        else:
            self.fps, self.items = float(source.info.fps), iter(source)

    @staticmethod
    def size(item: Any) -> int:
        """Bytes that an item holds in memory."""
        return int(item.packet.size if hasattr(item, "packet") else item.array.nbytes)

    def close(self) -> None:
        """Ends the items of a depot; a source belongs to somebody else, and ends when that one closes it."""
        if self._frames is not None:
            self._frames.close()


def _has(source: Any, name: str) -> bool:
    """Without asking for it: what is known of a camera is waited for until it is there."""
    return name in dir(source)


def _of_depot(frames: Any, edge: Edge) -> Iterator[Frame]:
    """Copies, so that pictures waiting for the disk take no slots; what was missed is counted."""
    missed = 0
    while True:
        try:
            lease = next(frames, None)
        except WriterGone:
            # Another process may come to write it; a recording outlives cameras and their processes.
            SYSTEM.sleep(_LOOK_S)
            continue
        except ClosedError:
            return
        if lease is None:
            return
        if frames.missed > missed:
            edge.offer(frames.missed - missed)
            edge.drop("missed", frames.missed - missed)
            missed = frames.missed
        with lease:
            frame = lease.copy()
        yield frame
