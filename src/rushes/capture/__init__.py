"""Sources: what frames come from, and how they are paced."""

from __future__ import annotations

from rushes.capture.pacer import Pacer, Tick
from rushes.capture.strip import read_strip
from rushes.capture.testcard import TestCard

__all__ = ["Pacer", "TestCard", "Tick", "read_strip"]
