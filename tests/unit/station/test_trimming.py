from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOLES = """
import sys
sys.path.append(sys.argv[1])
from rushes.station.trimming import give_back

def held():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

pins = [bytearray(60_000 if n % 2 else 600) for n in range(2000)]
del pins[1::2]
before = held()
print(give_back(), before - held())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells its memory elsewhere")
def test_holes_between_what_is_in_use_are_given_back() -> None:
    """In a process of its own: how the heap of this one looks is others' doing."""
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", HOLES, source], capture_output=True, text=True, check=True, timeout=60
    )
    said, kilobytes = done.stdout.split()
    assert said == "True"
    assert int(kilobytes) > 30_000
