from __future__ import annotations

import os
import signal
import subprocess
import sys

from rushes.station.usage import cpu_seconds, family, is_stopped, memory_bytes
from tests.support.waiting import eventually

GRANDPARENT = "import subprocess, sys; subprocess.run(['/bin/sleep', '600'])"


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
