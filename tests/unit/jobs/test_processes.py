"""Jobs and processes: isolated ones, forks, and the interpreter's exit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from rushes import DeadlineExceeded, JobFailed, JobQueue, current_job

WAIT = 30.0

HUNG = """
import threading, time
from rushes import JobQueue
queue = JobQueue(2)
handles = [queue.submit(time.sleep, 3600) for _ in range(4)]
while queue.stats().running < 2:
    time.sleep(0.001)
{ending}
print("left", *[each.state for each in handles])
"""

FORK = """
import os, threading
from rushes import JobCancelled, JobQueue
queue = JobQueue(1)
gate, entered = threading.Event(), threading.Event()
def hold():
    entered.set()
    gate.wait(30)
    return "parent"
running, waiting = queue.submit(hold), queue.submit(int, "7", key="k")
assert entered.wait(30)
pid = os.fork()
if pid == 0:
    good = [each.state for each in (running, waiting)] == ["cancelled", "cancelled"]
    good = good and queue.submit(int, "8", key="k").result(30) == 8 and queue.stats().adds_up
    os._exit(0 if good else 1)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
gate.set()
print(code, running.result(30), waiting.result(30), queue.stats().adds_up)
queue.stop()
"""


def divide(a: int, b: int) -> tuple[int, int]:
    current_job().partial("soon")
    return divmod(a, b)


def hang() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    time.sleep(3600)


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_the_interpreter_exits_with_hung_workers() -> None:
    assert run(HUNG.format(ending="queue.stop(timeout_s=0.1)")) == "left" + " cancelled" * 4
    assert run(HUNG.format(ending="")) == "left running running in_queue in_queue"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_can_use_the_queue_and_the_parent_notices_nothing() -> None:
    assert run(FORK) == "0 parent 7 True"


def test_an_isolated_job_gives_its_result_and_its_error() -> None:
    with JobQueue(1) as queue:
        seen: list[object] = []
        gate = threading.Event()
        queue.submit(gate.wait, WAIT)
        handle = queue.submit(divide, 7, 2, isolation="process")
        handle.on_partial(lambda _, value: seen.append(value))
        failing = queue.submit(divide, 7, 0, isolation="process")
        gate.set()
        assert handle.result(WAIT) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            failing.result(WAIT)
        assert queue.drain(WAIT)
        assert seen == ["soon"]


def test_an_isolated_job_is_killed_when_its_time_is_over_and_its_death_is_told() -> None:
    with JobQueue(1, max_spares=0) as queue:
        handle = queue.submit(hang, isolation="process", timeout_s=1.0)
        with pytest.raises(DeadlineExceeded):
            handle.result(WAIT)
        died = queue.submit(os._exit, 3, isolation="process")
        with pytest.raises(JobFailed) as caught:
            died.result(WAIT)
        assert caught.value.exit_code == 3
        assert not queue.stats().lost
