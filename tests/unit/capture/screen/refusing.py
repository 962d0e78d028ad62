"""A way of grabbing that works nowhere."""

from __future__ import annotations

from rushes import SourceUnavailable


class Refusing:
    def __init__(self, display, wanted):
        raise SourceUnavailable("it is remote")
