"""The screen as a source: ``screen:`` or ``screen:x,y,w,h``.

``source`` is the source; ``choose`` picks the best way of grabbing that works here, ``x_shm``, ``x11grab`` and
``mss_grab`` are the ways; ``region`` is the part of the screen that is wanted.
"""

from __future__ import annotations

from rushes.capture.screen.source import ScreenSource, open_screen

__all__ = ["ScreenSource", "open_screen"]
