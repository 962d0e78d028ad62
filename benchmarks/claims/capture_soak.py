"""How the memory of a recording goes while it runs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

WARM_S = 10.0
EVERY_S = 0.5
PATIENCE_S = 60
PART = "0,0,1280,720"
_PAGE_BYTES = 4096


class Soak(NamedTuple):
    """Bytes resident in all processes of the recording together: after the first seconds, and at each look since."""

    warm: int
    later: list[int]

    @property
    def strays(self) -> float:
        """How far it ever was from what it was at first, as a share of that."""
        return max(abs(each - self.warm) for each in self.later) / self.warm


def soak(environment: Mapping[str, str], seconds: float) -> Soak:
    """Records 1280x720 at 25 a second for so long. What processes share counts in each of them."""
    warm_s = min(WARM_S, seconds / 4)
    with TemporaryDirectory(prefix="capture-soak-") as folder:
        line = [sys.executable, "-m", "rushes", "capture", "screen:", "--rect", PART, "--every", "40ms"]
        line += ["--for", f"{seconds:g}s", "-o", f"{folder}/a.mp4", "--json"]
        with subprocess.Popen(line, env=dict(environment), stdout=subprocess.PIPE) as program:
            try:
                return _watch(program, Path(folder) / "a.mp4", seconds, warm_s)
            finally:
                program.kill()


def _watch(program: subprocess.Popen[bytes], out: Path, seconds: float, warm_s: float) -> Soak:
    until = time.monotonic() + PATIENCE_S
    while not out.exists():
        if program.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the recording did not begin: {program.returncode}")
        time.sleep(0.02)
    begun = time.monotonic()
    time.sleep(warm_s)
    seen: list[int] = []
    # The last moments belong to the end: files are closed, processes go.
    while time.monotonic() - begun < seconds - 1 or not seen:
        seen.append(_resident(program.pid))
        time.sleep(EVERY_S)
    if program.wait(PATIENCE_S):
        raise RuntimeError(f"the recording ended with {program.returncode}")
    return Soak(seen[0], seen)


def _resident(pid: int) -> int:
    """Of the process and all that come from it."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        if thread.name != str(pid):
            children += (thread / "children").read_text().split()
    return pages * _PAGE_BYTES + sum(_resident(int(each)) for each in children)
