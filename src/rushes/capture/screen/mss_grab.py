"""Grabbing by mss: the portable last resort, several times dearer than the others."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from rushes.capture.screen.region import Region, fit
from rushes.errors import ConfigError, MissingExtra, SourceLost, SourceUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.codecs.colour import Pixels

__all__ = ["Mss"]


class Mss:
    """One region of the screen. Raises as the other ways do; MissingExtra when mss is not installed."""

    name = "mss"

    def __init__(self, display: str, wanted: Sequence[int] | None) -> None:
        try:
            import mss
            from mss.exception import ScreenShotError
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "grabbing by mss needs it: pip install 'rushes[screen]'", extra="screen", name="mss"
            ) from error
        self._error = ScreenShotError
        self._display = display
        try:
            self._mss = mss.MSS(display=display) if display else mss.MSS()
            whole = self._mss.monitors[0]
        except ScreenShotError as error:
            raise SourceUnavailable(f"there is no screen {display!r}: {error}", uri=display) from None
        try:
            self.region: Region = fit(wanted, whole["width"], whole["height"])
        except ConfigError:
            self._mss.close()
            raise
        self._place = {
            "left": whole["left"] + self.region.x,
            "top": whole["top"] + self.region.y,
            "width": self.region.width,
            "height": self.region.height,
        }

    def grab(self) -> Pixels:
        """The pixels of now, (height, width, 4) BGRX, read-only. SourceLost when the screen is gone."""
        try:
            shot = self._mss.grab(self._place)
        # It asserts, where it should raise, that a broken connection answers.
        except (self._error, AssertionError) as error:
            raise SourceLost(f"screen {self._display!r} is gone: {error}", uri=self._display) from None
        flat = np.frombuffer(shot.raw, np.uint8)
        return flat.reshape(self.region.height, self.region.width, 4)

    def close(self) -> None:
        """Gives the connection back. Idempotent."""
        with suppress(self._error):  # when the display is gone there is nothing to give back to
            self._mss.close()
