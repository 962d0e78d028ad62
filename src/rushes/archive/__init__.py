"""Recordings of channels, and any picture of any moment in them: :class:`Archive`."""

from __future__ import annotations

from rushes.archive.archive import Archive
from rushes.archive.recording import Recording
from rushes.archive.records import (
    ArchiveStats,
    Exported,
    FigureSpan,
    PruneReport,
    RecordingStats,
    Span,
    VerifyReport,
)

__all__ = [
    "Archive",
    "ArchiveStats",
    "Exported",
    "FigureSpan",
    "PruneReport",
    "Recording",
    "RecordingStats",
    "Span",
    "VerifyReport",
]
