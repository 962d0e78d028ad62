"""Recording a source into a video file, or into one picture file per frame, within bounded memory."""

from __future__ import annotations

from rushes.capture.recorder.assembling import assemble
from rushes.capture.recorder.ledger import RecorderStats, Summary
from rushes.capture.recorder.recorder import Recorder
from rushes.capture.recorder.spool import Spool
from rushes.capture.recorder.unpacking import unpack

__all__ = ["Recorder", "RecorderStats", "Spool", "Summary", "assemble", "unpack"]
