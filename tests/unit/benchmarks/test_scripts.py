"""Each benchmark can be started here; that it measures what it claims is told by the long tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted(path.name for path in (ROOT / "benchmarks").glob("[!_]*.py"))
# All in one process: loading what they measure takes longer than all the rest.
ASK_EACH = """
import runpy, sys
for script in sys.argv[1:]:
    sys.argv = [script, "--help"]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        print(script, end.code)
"""


def test_each_says_how_it_is_used() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, 'benchmarks'){ASK_EACH}",
            *(f"benchmarks/{name}" for name in SCRIPTS),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(SCRIPTS) >= 10
    for name in SCRIPTS:
        assert f"benchmarks/{name} 0\n" in done.stdout, name
        assert f"usage: {name}" in done.stdout
