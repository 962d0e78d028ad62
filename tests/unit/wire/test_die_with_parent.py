from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from rushes.wire import die_with_parent
from tests.support.waiting import eventually

SCRIPT = die_with_parent.__file__
PATIENCE_S = 20.0
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], str(os.getpid()), "/bin/sleep", "600"])
print(child.pid, flush=True)
time.sleep(600)
"""


def command_of(pid):
    """What runs there; empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_the_program_it_became_is_killed_with_the_parent():
    parent = subprocess.Popen([sys.executable, "-c", PARENT, SCRIPT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
        try:
            eventually(lambda: command_of(child).startswith(b"/bin/sleep"), "it became the program")
        finally:
            parent.send_signal(signal.SIGKILL)
            parent.wait()
    eventually(lambda: not command_of(child), "it ended with its parent")


def test_one_whose_parent_has_ended_already_ends_at_once():
    orphan = [sys.executable, "-I", "-S", SCRIPT, str(os.getpid() + 1), "/bin/echo", "still here"]
    done = subprocess.run(orphan, capture_output=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout) == (1, b"")
