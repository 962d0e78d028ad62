"""The station that is harmed, a receiver of its stream behind a line that can be cut, and their folders."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.soak.harms import Deaths
from tests.soak.lines import Line
from tests.support.mapreduce_nodes import family

DISK_BYTES = 2 << 20
_SOURCE = "testcard:1280x720@15"
_ROOT = Path(__file__).resolve().parents[2]
_FULL = "64m"
_END_S = 30.0


class Site:
    """``rushes up`` as it is built in, with a small share of a disk that can be filled (as root; else of any disk)."""

    def __init__(self, folder: Path, depots: Path, small_disk: bool) -> None:
        self.disk, self.small_disk = folder / "disk", small_disk
        self.data, self.depots = self.disk / "data", depots
        self._folder = folder
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._stream = _free_port()
        self.line = Line(self._stream)
        self.began = time.monotonic()
        self.seen: set[int] = set()
        self.killed, self.deaths = 0, Deaths()
        self.station = self._start(*self._words())
        self.receiver: subprocess.Popen[str] | None = None

    def family(self) -> list[int]:
        """The processes that the station started and that run."""
        found = family(self.station.pid)
        self.seen.update(found)
        return found

    def get(self, path: str) -> Any:
        """What its page says, or None while that cannot be reached."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                body = answer.read().decode()
        except (OSError, urllib.error.HTTPError):
            return None
        return json.loads(body) if path.startswith("/api") else body

    def well(self) -> bool:
        """Whether every channel is live, and every stage runs."""
        channels, pipeline = self.get("/api/channels"), self.get("/api/pipeline")
        if not channels or not pipeline or self.station.poll() is not None:
            return False
        stages = pipeline["stages"]
        known = all(each["state"] == "running" and each["pid"] != self.killed for each in stages)
        return known and all(each["state"] == "live" for each in channels)

    def wait_well(self, timeout_s: float) -> float | None:
        """How long it took to be so; None when it was not in time."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            if self.well():
                return time.monotonic() - began
            time.sleep(0.05)
        return None

    def receive(self) -> None:
        """Begins to receive the stream, over the line."""
        self.receiver = self._start("recv", f"tcp://127.0.0.1:{self.line.port}", "--json")

    def again(self) -> None:
        """A station with the same folder; the one before has ended."""
        self.station = self._start(*self._words())

    def end(self) -> tuple[int, Any, int, Any]:
        """Ctrl-C for both, the receiver last: exit codes and what they say in the end."""
        self.family()
        told: list[Any] = []
        for each in (self.station, self.receiver):
            assert each is not None
            each.send_signal(signal.SIGINT)
            out = each.communicate(timeout=_END_S)[0]
            told += [each.returncode, _document(out)]
        return told[0], told[1], told[2], told[3]

    def close(self) -> None:
        """Whatever is still there goes."""
        for each in (self.station, self.receiver):
            if each is not None and each.poll() is None:
                each.kill()
                each.communicate()
        self.line.__exit__(None, None, None)

    def log(self) -> str:
        """What the station wrote to its errors, and the receiver to its."""
        return "".join(each.read_text() for each in sorted(self._folder.glob("*.log")))

    def _words(self) -> list[str]:
        bind = self.url.removeprefix("http://")
        words = ["up", "--json", "--bind", bind, "--data", str(self.data), "--disk", str(DISK_BYTES)]
        # A card that is large enough to fill that share of the disk again and again.
        words += ["--set", f'channel.card.source="{_SOURCE}"']
        words += ["--set", 'archive.min_free="4 MiB"', "--stream", f"tcp://127.0.0.1:{self._stream}"]
        return words

    def _start(self, *words: str) -> subprocess.Popen[str]:
        with open(self._folder / f"{words[0]}.log", "a") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "rushes", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self._folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(_ROOT / "src"),
                    "RUSHES_SHM_DIR": str(self.depots),
                    "XDG_STATE_HOME": str(self._folder / "state"),
                    "XDG_RUNTIME_DIR": str(self._folder),
                },
            )


@contextlib.contextmanager
def site(keep: Path | None = None) -> Iterator[Site]:
    """A site in a folder of its own, which goes with it unless it is the one to ``keep``."""
    folder = Path(keep or tempfile.mkdtemp(prefix="rushes-soak-"))
    disk, depots = folder / "disk", Path(tempfile.mkdtemp(prefix="rushes-soak-", dir=_shared()))
    disk.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_FULL}", "tmpfs", str(disk)]
    small = os.geteuid() == 0 and not subprocess.run(mount, check=False).returncode
    try:
        made = Site(folder, depots, small)
        try:
            yield made
        finally:
            made.close()
    finally:
        if small and keep is None:
            subprocess.run(["umount", "-l", str(disk)], check=True)
        shutil.rmtree(depots, ignore_errors=True)
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _shared() -> str | None:
    return os.environ.get("RUSHES_SHM_DIR") or ("/dev/shm" if Path("/dev/shm").is_dir() else None)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


def _document(text: str) -> Any:
    lines = [line for line in text.splitlines() if line.startswith("{")]
    try:
        return json.loads(text if text.startswith("{") else lines[-1])
    except (IndexError, ValueError):
        return None
