"""What is done with the items of a stream as they come: merge several streams in time, count them, show them."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, FrameError, MissingExtra
from rushes.stream.buffering import buffer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["buffer", "dispfps", "display"]

_SHOWN_EVERY_NS = 100_000_000
_ESCAPE = 27


def dispfps(handler: Iterable[Any], n: int = 100, write: bool = False) -> Iterator[Any]:
    """Passes everything on from ``handler`` and says how many items come per second, averaged over the last ``n``.

    The number goes to the console, over itself in one line, ten times a second at most; with ``write`` onto the
    picture instead: ``data["arr"]``, uint8 (height, width) or (height, width, channels), is drawn on, or replaced by
    a drawn copy when it is read-only. Other items pass as they are. Items may be (name, data) as from :func:`buffer`;
    None, for nothing now, is passed on and not counted. ConfigError for ``n`` below 1.
    """
    _check_count(n)
    if not isinstance(handler, Iterable):
        raise ConfigError(
            f"dispfps takes a handler to iterate over, not {type(handler).__name__}", option="handler"
        )
    return _drawn(handler, _Rate(n)) if write else _told(handler, _Rate(n))


def _check_count(n: Any) -> None:
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise ConfigError(f"n must be a whole number of items from 1, not {n!r}", option="n")


class _Rate:
    """Items per second over the last ``n`` of them, with a new text of it ten times a second at most."""

    def __init__(self, n: int) -> None:
        self._marks: deque[int] = deque(maxlen=n + 1)
        self._told_ns = 0
        self.text = ""

    def mark(self) -> bool:
        """Counts one item; whether :attr:`text` is new."""
        now_ns = SYSTEM.monotonic_ns()
        self._marks.append(now_ns)
        passed_ns = now_ns - self._marks[0]
        if not passed_ns or (self.text and now_ns - self._told_ns < _SHOWN_EVERY_NS):
            return False
        self._told_ns = now_ns
        self.text = f"FPS: {(len(self._marks) - 1) * 1e9 / passed_ns:.3f}"
        return True


def _told(handler: Iterable[Any], rate: _Rate) -> Iterator[Any]:
    # Written and not logged: the console is what was asked for, and a log cannot write over its last line.
    try:
        for data in handler:
            if data is not None and rate.mark():
                _say(f"\r{rate.text}")
            yield data
    finally:
        if rate.text:
            _say("\n")


def _say(text: str) -> None:
    # None where the program has no console, as under pythonw.
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.write(text)
        sys.stdout.flush()


def _drawn(handler: Iterable[Any], rate: _Rate) -> Iterator[Any]:
    from rushes.stream.stamp import Stamp  # loads Pillow, which only drawing needs

    stamp = Stamp()
    for data in handler:
        if data is not None:
            rate.mark()
            item = data[1] if isinstance(data, tuple) and len(data) == 2 else data
            if rate.text and isinstance(item, dict) and item.get("arr") is not None:
                item["arr"] = stamp.put(item["arr"], rate.text)
        yield data


def display(frame: NDArray[np.uint8], BGR: bool = True) -> None:
    """Shows a picture in a window of OpenCV, uint8 (height, width) or (height, width, channels).

    With ``BGR=False`` its colours are in the order red, green, blue. KeyboardInterrupt when the user pressed escape:
    catch it to end the program. MissingExtra where OpenCV is not installed, or without its windows; FrameError
    for what is no such picture.
    """
    try:
        import cv2
    except ImportError as error:
        raise _no_windows(f"OpenCV cannot be loaded ({error})") from error
    if getattr(frame, "dtype", None) != "uint8" or frame.ndim not in (2, 3) or not frame.size:
        raise FrameError(
            f"display takes a uint8 picture, not {getattr(frame, 'dtype', type(frame).__name__)} of shape "
            f"{getattr(frame, 'shape', ())}"
        )
    if not BGR and frame.ndim == 3 and frame.shape[2] >= 3:
        frame = frame.take([2, 1, 0, 3][: frame.shape[2]], axis=2)  # in a row, as OpenCV wants it
    try:
        cv2.imshow("rushes", frame)
        key = cv2.waitKey(1)
    except cv2.error as error:
        # By its words: the code is that of any other failure.
        if "not implemented" not in str(error):
            raise
        raise _no_windows("this OpenCV was built without windows") from error
    if key & 0xFF == _ESCAPE:
        raise KeyboardInterrupt("escape was pressed")


def _no_windows(why: str) -> MissingExtra:
    return MissingExtra(f"{why}: display needs opencv-python, pip install opencv-python", name="cv2")
