"""The other process of a measurement: reads a depot to its last frame, then says what that took.

Two lines on standard output: "reading" as soon as it does, and in the end what it found, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path

from rushes.depot import Depot
from rushes.errors import WriterGone

__all__ = ["LAST", "main"]

LAST = 1 << 40
"""The number of the frame after which it ends."""


def main(depot: str) -> None:
    """Reads and says. DepotError when there is nothing to read; ends quietly when the writer has died."""
    wakes: list[int] = []
    clock = time.time_ns  # the stamp of publication is UTC
    with (
        contextlib.suppress(WriterGone),
        Depot.attach(depot) as shared,
        contextlib.closing(shared.frames(shared.head)) as frames,
    ):
        _say("reading")
        began_s = time.process_time()
        for lease in frames:
            now_ns = clock()
            if lease.number == LAST:
                break
            wakes.append(now_ns - lease.published_ns)
            _ = int(lease.array[0, 0])
        cpu_s = time.process_time() - began_s
        _say(json.dumps({"wakes_ns": wakes, "cpu_s": cpu_s, "bytes": _own_bytes()}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _own_bytes() -> int:
    """Memory that is this process's own, what it shares left out."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) << 10
    return 0
