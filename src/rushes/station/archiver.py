"""The stage that records all channels, seen from the parent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rushes.station.messages import Follow, Recorded, RecorderTask
from rushes.station.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rushes.station.channel import Channel
    from rushes.station.messages import Word
    from rushes.station.plan import ArchivePlan

__all__ = ["Archiver"]


class Archiver:
    """Records those of ``channels``, which may be filled in later, that are to be, as the plan says."""

    def __init__(self, plan: ArchivePlan, channels: Mapping[str, Channel]) -> None:
        self.plan = plan
        self.stage = Stage("recorder", self._task)
        self._channels = channels
        self.disk_bytes = 0
        """How much the whole archive takes, as it was last counted."""

    @property
    def channels(self) -> list[Channel]:
        """What it records."""
        return [each for each in self._channels.values() if each.plan.record]

    @property
    def bytes(self) -> int | None:
        """How much it has recorded so far; None when another process records here."""
        if self.stage.failure:
            return None
        return sum(each.books.recorded.bytes_total for each in self.channels)

    def hear(self, word: Word) -> None:
        """What its process said."""
        if isinstance(word, Recorded) and word.channel in self._channels:
            self._channels[word.channel].hear(self.stage, word)
            self.disk_bytes = word.held or self.disk_bytes

    def died(self) -> None:
        """Its process ended before its time."""
        for each in self.channels:
            each.died(self.stage)

    def tell_channels(self, without: Collection[str] = ()) -> None:
        """Tells its process which channels there are now, but for some."""
        if self.stage.child is not None:
            told = [each for each in self.channels if each.name not in without]
            self.stage.child.tell(Follow(_depots(told), _starts(told), _figures(told), _copies(told)))

    def _task(self) -> RecorderTask:
        return RecorderTask(
            name=self.stage.name,
            depot="",
            parent=os.getpid(),
            archive=self.plan.folder,
            max_bytes=self.plan.max_bytes,
            max_age_s=self.plan.max_age_s,
            min_free_bytes=self.plan.min_free_bytes,
            cold=self.plan.cold,
            keep_s=dict(self.plan.keep_s),
            channels=_depots(self.channels),
            starts=_starts(self.channels),
            figures=_figures(self.channels),
            copies=_copies(self.channels),
        )


def _depots(channels: Iterable[Channel]) -> dict[str, str]:
    return {each.name: each.depot_name for each in channels if each.plan.copy_from is None}


def _copies(channels: Iterable[Channel]) -> dict[str, str]:
    return {each.name: each.plan.copy_from for each in channels if each.plan.copy_from is not None}


def _figures(channels: Iterable[Channel]) -> dict[str, str]:
    """Where workers put what they find."""
    return {each.name: each.figures_name for each in channels if each.lines}


def _starts(channels: Iterable[Channel]) -> dict[str, int]:
    """The sequence up to which each was read."""
    books = ((each.name, each.books) for each in channels if each.plan.copy_from is None)
    return {name: book.readers[book.recorder].position for name, book in books if book.recorder is not None}
