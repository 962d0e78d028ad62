"""The standard library's tracker of shared memory neither removes a FramesDepot's block nor complains of it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, multiprocessing, sys
import numpy as np
from multiprocessing.shared_memory import SharedMemory
from rushes.compat.frames_depot import FramesDepot

def look(name):
    block = SharedMemory(name)
    print(block.buf[0], flush=True)
    block.close()

async def main(how, name):
    depot = FramesDepot((6, 4, 3), name, 3)
    for k in (1, 2):
        await depot.enqueue({"frame_number": k, "frame": np.full((4, 6, 3), k, np.uint8)})
    for k in (1, 2):
        depot.get_frame(k)
        for _ in range(2):  # the second finds what the first one's end left
            if how == "itself":
                look(name)
            else:
                child = multiprocessing.get_context(how).Process(target=look, args=(name,))
                child.start()
                child.join()
    await depot.close()

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("how", ["itself", "spawn", "fork"])
def test_readers_in_the_program_and_its_children_leave_the_block_and_no_warning(
    place: Path, tmp_path: Path, how: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    name = f"frames-{secrets.token_hex(4)}"
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, program, how, name],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    # The tracker itself writes to stderr after the program's end; run() waits until that, too, is closed.
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["1", "1", "2", "2"]
    assert not Path("/dev/shm", name).exists()
