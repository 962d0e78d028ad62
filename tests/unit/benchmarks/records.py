"""What every kept result has, whatever was measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
MACHINE = {"cpu", "cores", "kernel", "python", "numpy", "rushes", "core"}


def check_form(record: dict[str, Any]) -> None:
    """Fails where the report, or a reader, would miss something."""
    assert {"when", "quick", "took_s", "machine", "load", "peers", "claims"} <= set(record)
    assert set(record["machine"]) >= MACHINE
    assert not any("/" in str(value) for value in record["machine"].values())
    assert len(record["load"]) == 2
    assert record["peers"]
    for claim in record["claims"]:
        assert {"id", "title", "unit", "target", "at_least", "measured", "spread", "holds", "parts"} <= set(
            claim
        )
        if claim["measured"] is not None:
            low, high = claim["spread"]
            assert low <= claim["measured"] <= high


def quick_record(name: str, folder: Path) -> dict[str, Any]:
    """What a benchmark keeps of a quick run of its own, in the common form."""
    out = folder / f"{name}.json"
    done = subprocess.run(
        [sys.executable, f"benchmarks/{name}.py", "--quick", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(out.read_text())
    check_form(record)
    return record
