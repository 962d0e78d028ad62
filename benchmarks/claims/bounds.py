"""All memory is taken at creation: neither the file nor the process grows by a byte afterwards."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._harness import Claim, Scale
from rushes import Depot

if TYPE_CHECKING:
    from collections.abc import Mapping

SHAPE = (480, 640, 3)


def claims(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    del there
    frame = np.ones(SHAPE, np.uint8)
    others = open_files()
    with Depot.create(f"bench-{secrets.token_hex(4)}", slots=8, shape=SHAPE) as depot:
        mine = [file for file in open_files() if file not in others]
        if not mine:
            raise RuntimeError("the depot's file is not open in its creator")
        before = sum(open_files()[file] for file in mine), shared_bytes()
        for _ in range(scale.puts):
            depot.put(frame)
            lease = depot.newest()
            if lease is not None:
                _ = lease.array
        after = sum(open_files()[file] for file in mine), shared_bytes()
    return [
        Claim(
            f"memory_{kind}",
            f"growth of {title} over {scale.puts} puts and reads from right after creation",
            "bytes",
            [float(now - then)],
            0.0,
            parts={"before, in bytes": [float(then)]},
        )
        for kind, title, then, now in zip(
            ("file", "shared"),
            ("the depot's file", "the process's resident shared memory"),
            before,
            after,
            strict=True,
        )
    ]


def open_files() -> dict[tuple[int, int], int]:
    """Size of each regular file this process has open; mappings are no help, as a depot is made nameless."""
    out = {}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found = os.fstat(int(descriptor))
        except OSError:  # the one that listed the folder
            continue
        if stat.S_ISREG(found.st_mode):
            out[found.st_dev, found.st_ino] = found.st_size
    return out


def shared_bytes() -> int:
    found = re.search(r"RssShmem:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise OSError("this kernel does not say how much shared memory is resident")
    return int(found[1]) * 1024
