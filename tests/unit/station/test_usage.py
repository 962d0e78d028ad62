from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from rushes.station.usage import cpu_seconds, family, is_stopped, memory_bytes

PATIENCE_S = 20.0
GRANDPARENT = "import subprocess, sys; subprocess.run(['/bin/sleep', '600'])"


def eventually(true, what):
    until = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < until, what
        time.sleep(0.01)
    return found


def test_a_family_has_those_whom_its_members_started():
    with subprocess.Popen([sys.executable, "-c", GRANDPARENT]) as process:
        try:
            pid, child = eventually(lambda: len(found := family([process.pid])) == 2 and found, "its child")
            assert pid == process.pid
            assert family([process.pid, child]) == [pid, child], "each once"
            assert memory_bytes([pid, child]) > memory_bytes([pid])
            os.kill(child, signal.SIGSTOP)
            eventually(lambda: is_stopped(child), "it is stopped")
            assert not is_stopped(pid)
            os.kill(child, signal.SIGKILL)
        finally:
            process.kill()
    assert family([process.pid]) == [process.pid]
    assert not is_stopped(process.pid)
    assert cpu_seconds(process.pid) == 0.0
