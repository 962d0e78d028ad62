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
    it is not known. ConfigError for anything else.
    """

    def __init__(self, source: Any, edge: Edge) -> None:
        self.media: Any = None
        self._frames: Any = None
        if hasattr(source, "packets") and hasattr(source, "media"):
            self.media, self.fps = source.media, float(source.media.fps)
            self.items: Iterator[Any] = iter(source.packets())
        elif hasattr(source, "newest") and hasattr(source, "frames"):
            self.fps, self._frames = 0.0, source.frames("newest", name="archive")
            self.items = _of_depot(self._frames, edge)
        elif hasattr(source, "__iter__") and hasattr(source, "info"):
            self.fps, self.items = float(source.info.fps), iter(source)
        else:
            raise ConfigError(
                f"a {type(source).__name__} cannot be recorded: give a source, as open_source does, or a depot",
                option="source",
            )

    @staticmethod
    def size(item: Any) -> int:
        """Bytes that an item holds in memory."""
        return int(item.packet.size if hasattr(item, "packet") else item.array.nbytes)

    def close(self) -> None:
        """Ends the items of a depot; a source belongs to somebody else, and ends when that one closes it."""
        if self._frames is not None:
            self._frames.close()


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
