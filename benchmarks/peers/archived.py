"""A recording that says which picture is which, and the ways in which others fetch a picture out of it."""

from __future__ import annotations

import shutil
import subprocess
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.scene import natural
from rushes import Frame
from rushes.capture.strip import paint_values, strip_top
from rushes.codecs import colour, still
from rushes.interfaces import SourceInfo
from rushes.testing import read_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

START_NS = 1_700_000_000_000_000_000
FPS = 25
STEP_NS = 1_000_000_000 // FPS
QUALITY = 80
# Pictures on their way at a time: a source faster than its recorder would fill any memory.
_MOST_WAITING = 3 * FPS


class Pan:
    """A camera that pans over a photograph-like picture with a little noise, as fast as its frames are asked for.

    ``waiting`` says how many of them are not written yet: it waits for a recorder that is slower.
    """

    def __init__(self, count: int, width: int, height: int, start_ns: int = START_NS) -> None:
        self.count, self.size, self.start_ns = count, (width, height), start_ns
        self.waiting: Callable[[], int] = int
        self.info = SourceInfo(width, height, FPS, "i420")
        self._wide = natural(height + 64, width + 512)
        self._noise = np.random.default_rng(3).integers(0, 6, (height * 3 // 2, width), np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        width, height = self.size
        cells = np.arange(width) * 80 // width
        for number in range(self.count):
            left, top = 2 * (number * 3 % 256), 2 * (number % 32)
            view = np.ascontiguousarray(self._wide[top : top + height, left : left + width])
            array = colour.convert(view, "bgra", "i420") + np.roll(self._noise, number * 977)
            at_ns = self.start_ns + number * STEP_NS
            values = np.append(paint_values(number, at_ns), np.zeros(8, np.uint8))
            array[strip_top(height) : height] = 16 + 219 * values[cells]
            while self.waiting() > _MOST_WAITING:
                time.sleep(0.02)
            yield Frame(array, number, captured_ns=at_ns, format="i420")

    def stats(self) -> None:
        """Nothing to tell."""

    def close(self) -> None:
        """Nothing to give back."""


class Reel(Pan):
    """Pictures made beforehand, over and over, so that only what is done with them is measured."""

    def __init__(self, frames: Sequence[Frame], info: SourceInfo, count: int) -> None:
        self.count, self.info, self._frames = count, info, frames
        self.waiting = int

    def __iter__(self) -> Iterator[Frame]:
        for number in range(self.count):
            while self.waiting() > _MOST_WAITING:
                time.sleep(0.02)
            at_ns = START_NS + number * STEP_NS
            array = self._frames[number % len(self._frames)].array
            yield Frame(array, number, captured_ns=at_ns, format="i420")


def number_of(jpeg: bytes) -> int:
    """Which picture it is; -1 when it does not say."""
    card = read_card(still.decode(jpeg).array)
    return -1 if card is None else card[0]


def peers() -> dict[str, Callable[[Path, float], bytes]]:
    """The others that are there: (file, seconds into it) to the bytes of a JPEG. Each opens the file anew,
    but for the one that says otherwise."""
    found: dict[str, Callable[[Path, float], bytes]] = {"PyAV, open and seek": by_pyav}
    if shutil.which("ffmpeg"):
        found["ffmpeg"] = by_ffmpeg
    if find_spec("cv2"):
        found["OpenCV"] = by_opencv
        found["OpenCV, kept open"] = KeptOpen()
    return found


def by_ffmpeg(path: Path, seconds: float) -> bytes:
    """A process for each picture, as recorders of cameras do it. It gives the first picture from a time on."""
    seconds = max(0.0, seconds - 1 / FPS)
    command = ["ffmpeg", "-v", "error", "-ss", f"{seconds:.6f}", "-i", str(path), "-frames:v", "1"]
    command += ["-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def by_opencv(path: Path, seconds: float) -> bytes:
    import cv2

    capture: Any = cv2.VideoCapture(str(path))
    try:
        return _read(capture, seconds)
    finally:
        capture.release()


class KeptOpen:
    """OpenCV for who asks of one file again and again, and keeps a decoder for it."""

    def __init__(self) -> None:
        self._captures: dict[Path, Any] = {}

    def __call__(self, path: Path, seconds: float) -> bytes:
        import cv2

        if path not in self._captures:
            self._captures[path] = cv2.VideoCapture(str(path))
        return _read(self._captures[path], seconds)


def _read(capture: Any, seconds: float) -> bytes:
    import cv2

    # By number: asked by time, it takes the nearest picture, which half of the time is not shown yet.
    capture.set(cv2.CAP_PROP_POS_FRAMES, int(seconds * FPS))
    there, picture = capture.read()
    if not there:
        return b""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def by_pyav(path: Path, seconds: float) -> bytes:
    import av

    from rushes.codecs import jpeg

    with av.open(str(path), "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        container.seek(int(seconds / (stream.time_base or 1)), stream=stream)
        shown: Any = None
        for frame in container.decode(stream):
            if frame.time > seconds:
                break
            shown = frame
        return b"" if shown is None else jpeg.encode(shown.to_ndarray(), "i420", QUALITY)
