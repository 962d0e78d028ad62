"""A program that ends while its daemon threads wait in a depot."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import threading, time
import numpy as np
from rushes import Depot
depot = Depot.create(slots=2, shape=(2, 2))
depot.put(np.zeros((2, 2), np.uint8))
def wait():
    while True:
        depot.wait(10, 0.02)
for _ in range(8):
    threading.Thread(target=wait, daemon=True).start()
time.sleep(0.2)
"""


def test_threads_that_wait_in_a_depot_do_not_abort_the_exit() -> None:
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert b"terminate called" not in done.stderr
