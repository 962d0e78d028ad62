"""Pictures of a channel, now or at a moment in the past: saved to a file or handed over as bytes.

:mod:`names` decides what a file is called, :mod:`backends` where pictures come from, :mod:`files` how one
reaches the disk whole, and :mod:`saver` puts them to work on a job queue.
"""

from __future__ import annotations

from rushes.shots.request import Shot, Status, status
from rushes.shots.saver import ShotSaver

__all__ = ["Shot", "ShotSaver", "Status", "status"]
