"""Grabbing by the video library's own reader of X screens: where X shares no memory."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import xcffib
import xcffib.xproto  # without it a connection has no requests to make

from rushes.capture.screen.region import Region, fit
from rushes.errors import SourceLost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rushes.codecs.colour import Pixels
    from rushes.codecs.video.media import Picture

__all__ = ["X11Grab"]

_TIMEOUT_S = 5.0
# It paces by itself and cannot be asked for one picture, so it is told a rate that never holds the caller up.
_RATE = "1000"


class X11Grab:
    """One region of one X screen. Raises as :class:`~rushes.capture.screen.x_shm.XShm` does."""

    name = "x11grab"

    def __init__(self, display: str, wanted: Sequence[int] | None) -> None:
        from rushes.codecs.video.demux import MediaInput

        options = {"framerate": _RATE, "draw_mouse": "0"}
        if wanted is not None:
            # Asked for as it is: a region outside is refused by the reader, but without the screen's size.
            whole = MediaInput(display, format="x11grab", options=options, open_timeout_s=_TIMEOUT_S)
            with whole:
                region = fit(wanted, whole.info.width, whole.info.height)
            options |= {
                "video_size": f"{region.width}x{region.height}",
                "grab_x": str(region.x),
                "grab_y": str(region.y),
            }
        self._display = display
        self._input = MediaInput(
            display, format="x11grab", options=options, open_timeout_s=_TIMEOUT_S, read_timeout_s=_TIMEOUT_S
        )
        info = self._input.info
        corner = (0, 0) if wanted is None else (wanted[0], wanted[1])
        self.region = Region(*corner, info.width, info.height)
        self._pictures: Iterator[Picture] = self._input.frames()
        self._witness: Any = xcffib.connect(display=display)  # type: ignore[no-untyped-call]

    def grab(self) -> Pixels:
        """The pixels of now, (height, width, 4) BGRX, of its own. SourceLost when X is gone."""
        picture = next(self._pictures, None)
        if picture is None or not self._there():
            raise SourceLost(f"X display {self._display!r} is gone", uri=self._display)
        return picture.array

    def _there(self) -> bool:
        # The reader does not notice that X has died: it gives the last picture again, for ever.
        try:
            self._witness.core.GetInputFocus().reply()
        except xcffib.ConnectionException:
            return False
        return True

    def close(self) -> None:
        """Gives the connection back. Idempotent."""
        self._input.close()
        with suppress(xcffib.ConnectionException):
            self._witness.disconnect()
