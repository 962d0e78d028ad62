"""Pictures of the screen at a steady rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushes.capture.pace import Paced
from rushes.capture.screen.choose import choose
from rushes.capture.screen.region import parse_region
from rushes.clock import SYSTEM
from rushes.errors import ConfigError, FrameError, SourceLost
from rushes.frame import Frame
from rushes.interfaces import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.codecs.colour import Pixels

__all__ = ["ScreenSource", "open_screen"]

_FPS = 25.0
_OPAQUE = np.uint32(0xFF000000)


def open_screen(
    rest: str,
    *,
    uri: str,
    fps: float | None = None,
    display: str | None = None,
    rect: Sequence[int] | None = None,
    backend: str | None = None,
) -> ScreenSource:
    """``screen:`` or ``screen:x,y,w,h``; ``rect`` (x, y, width, height) says the same in numbers.

    ``display``: an X display other than $DISPLAY. ``backend``: "x-shm", "x11grab" or "mss" and no other; None
    takes the first that works, and ``stats().backend`` tells which and why. Raises SourceUnavailable without a
    display, ConfigError for a region that is not on the screen.
    """
    region = parse_region(rest, uri=uri)
    if region is not None and rect is not None:
        raise ConfigError(f"{uri!r} and rect= both name a region; give one", option="rect")
    return ScreenSource(display, rect if region is None else region, _FPS if fps is None else fps, backend)


class ScreenSource(Paced):
    """A region of the screen as "bgra" frames that own their pixels, 25 a second unless told otherwise.

    Iterating raises SourceLost when the display goes away.
    """

    def __init__(
        self,
        display: str | None = None,
        rect: Sequence[int] | None = None,
        fps: float = _FPS,
        backend: str | None = None,
    ) -> None:
        self._grabber, chosen = choose(display, rect, backend)
        x, y, width, height = self._grabber.region
        super().__init__(f"screen:{x},{y},{width},{height}", fps, backend=chosen)

    @property
    def info(self) -> SourceInfo:
        """The region's size and the rate asked for."""
        region = self._grabber.region
        return SourceInfo(region.width, region.height, self.fps, "bgra")

    def grab_into(self, array: Pixels, format: str, number: int) -> int:
        """Puts the screen of now into ``array`` as ``format``, in one pass. SourceLost when it is gone."""
        from rushes.codecs.video.scale import convert

        with self._using:
            self._check_open()
            now_ns = SYSTEM.wall_ns()
            try:
                pixels = self._grabber.grab()
            except SourceLost:
                self._lost = True
                raise
            if format == "bgra":
                _opaque(pixels, array)
                return now_ns
            if format == "i420":
                pixels = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
            convert(pixels, "bgra", format, array)
            return now_ns

    def _grab(self, number: int) -> Frame:
        now_ns = self._clock.wall_ns()
        pixels = self._grabber.grab()
        array = np.empty(pixels.shape, np.uint8)
        _opaque(pixels, array)
        return Frame(array, number, captured_ns=now_ns, format="bgra")

    def _release(self) -> None:
        self._grabber.close()


def _opaque(pixels: Pixels, out: Pixels) -> None:
    """Copies, setting alpha, which X leaves at whatever it was: one pass over 32-bit words does both."""
    if out.shape != pixels.shape:
        raise FrameError(f"the screen's region is {pixels.shape}, the array {out.shape}", shape=out.shape)
    words = pixels.view(np.uint32)
    np.bitwise_or(words, _OPAQUE, out=out.view(np.uint32))
