"""Contenders of recording a screen: each a program of its own, and what all its processes took."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks" / "peers"
SIZE = (1920, 1080)
PATIENCE_S = 60
OURS, SEED, MSS, FFMPEG = "rushes", "seed's way", "mss + cv2", "ffmpeg x11grab"
GRABS = {"rushes": "x-shm", "x11grab": "x11grab", "mss": "mss", "Qt grabWindow": "qt"}


@dataclass(frozen=True)
class Run:
    """What one recording came to."""

    due: int
    frames: int
    cpu_s: float
    bytes: int
    lost: int = 0

    @property
    def cpu_per_frame_s(self) -> float:
        """With all that was done once: programs starting and ending."""
        return self.cpu_s / max(1, self.frames)

    def each_more_s(self, shorter: Run) -> float:
        """Processor time of one frame more: what the longer run took beyond the shorter, over the frames."""
        return (self.cpu_s - shorter.cpu_s) / max(1, self.frames - shorter.frames)

    @property
    def bytes_per_frame(self) -> float:
        return self.bytes / max(1, self.frames)

    @property
    def share(self) -> float:
        return self.frames / self.due


@contextlib.contextmanager
def screen() -> Iterator[dict[str, str]]:
    """The environment of a virtual screen on which something moves sixty times a second."""
    from tests.support.xvfb import xvfb

    with xvfb(*SIZE) as display:
        line = [sys.executable, "-P", str(PEERS / "scene.py"), display.name, "60"]
        with subprocess.Popen(line, stdout=subprocess.PIPE) as scene:
            if scene.stdout is None or not scene.stdout.readline():
                raise RuntimeError("the scene did not come up")
            try:
                yield {**os.environ, "DISPLAY": display.name, "QT_QPA_PLATFORM": "xcb"}
            finally:
                scene.kill()


def contenders() -> list[str]:
    """Those that are installed here."""
    found = [OURS, SEED]
    if find_spec("cv2") and find_spec("mss"):
        found.append(MSS)
    return [*found, FFMPEG] if shutil.which("ffmpeg") else found


def record(name: str, environment: Mapping[str, str], seconds: float, fps: float) -> Run:
    """Runs a contender and reads from the system what it took."""
    with tempfile.TemporaryDirectory(prefix="capture-bench-") as made:
        folder = Path(made)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = _run(_command(name, environment["DISPLAY"], seconds, fps, folder), environment, seconds)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        due = round(seconds * fps)
        if name == OURS:
            lost = said["late"] + sum(said["dropped"].values()) + said["capture"]["dropped"].get("missed", 0)
            return Run(due, said["written"], cpu_s, size, lost)
        return Run(due, said.get("frames") or _count(folder / "ffmpeg.mp4"), cpu_s, size)


def grab_cost(name: str, environment: Mapping[str, str], count: int) -> float:
    """Seconds of one grab, as the caller waits for it."""
    said = _run([sys.executable, "-P", str(PEERS / "grabs.py"), GRABS[name], str(count)], environment, 0)
    return float(said["wall_s"])


def rate_beside_busy(environment: Mapping[str, str], seconds: float, fps: float) -> float:
    """Frames a second, while a Python thread of the same program computes."""
    line = [sys.executable, "-P", str(PEERS / "busy_capture.py"), f"{seconds:g}", f"{fps:g}"]
    return float(_run(line, environment, seconds)["rate"])


def _command(name: str, display: str, seconds: float, fps: float, folder: Path) -> list[str]:
    shot = [f"{seconds:g}", f"{fps:g}"]
    if name == OURS:
        every = ["--every", f"{1000 / fps:.6f}ms", "--for", f"{seconds:g}s"]
        return [
            sys.executable,
            "-m",
            "rushes",
            "capture",
            "screen:",
            *every,
            "-o",
            str(folder / "a.mp4"),
            "--json",
        ]
    if name == SEED:
        return [sys.executable, "-P", str(PEERS / "screen_seed.py"), *shot, str(folder)]
    if name == MSS:
        return [sys.executable, "-P", str(PEERS / "screen_mss.py"), *shot, str(folder / "mss.mp4")]
    grab = ["-f", "x11grab", "-draw_mouse", "0", "-framerate", shot[1], "-video_size", f"{SIZE[0]}x{SIZE[1]}"]
    code = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
    out = ["-threads", "1", "-g", shot[1], "-t", shot[0], str(folder / "ffmpeg.mp4")]
    return ["ffmpeg", "-v", "error", "-nostats", *grab, "-i", display, *code, *out]


def _run(line: list[str], environment: Mapping[str, str], seconds: float) -> dict[str, Any]:
    done = subprocess.run(
        line, env=dict(environment), capture_output=True, text=True, timeout=seconds + PATIENCE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{line[:4]} ended with {done.returncode}: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
    return said


def _count(path: Path) -> int:
    from rushes.codecs.video.demux import MediaInput

    with MediaInput(path) as media:
        return sum(1 for _ in media.packets())
