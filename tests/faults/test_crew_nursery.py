"""Crews whose processes are killed in a row, and whose processes' own origin is killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from rushes.stream.crew import Done
from tests.faults.test_crew import alive, wait_until
from tests.support.crews import crew, small
from tests.support.mapreduce_nodes import children


def test_frames_of_processes_that_are_killed_in_a_row_are_in_work_again_at_once(tmp_path: Path):
    meta = {"here": str(tmp_path / "here"), "go": str(tmp_path / "go")}
    (tmp_path / "go").touch()
    took_s = []
    with crew("waits_for") as (made, told):
        origin = children(os.getpid())
        for number in range(20):
            began = time.monotonic()
            os.kill(made.pids[0], signal.SIGKILL)
            told.wait_idle()
            made.submit(number, *small(meta=meta))
            assert isinstance(told.next()[1], Done)
            took_s.append(time.monotonic() - began)
            told.wait_idle()
        assert children(os.getpid()) == origin  # no interpreter was started afresh
    took_s.sort()
    print(f"\n20 kills in a row: back in {took_s[10] * 1000:.0f} ms, at most {took_s[-1] * 1000:.0f} ms")
    assert took_s[10] < 5  # 0.04 s is usual


def test_all_goes_on_when_the_process_they_come_from_is_killed():
    others = set(children(os.getpid()))  # a browser of other tests, say
    with crew("as_it_came", 2) as (made, told):
        told.idle.put(None)
        told.wait_idle()
        (nursery,) = set(children(os.getpid())) - others
        before = made.pids
        os.kill(nursery, signal.SIGKILL)
        wait_until(lambda: len(made.pids) == 2 and not set(made.pids) & set(before))
        wait_until(lambda: made.idle == 2)
        for number in range(2):
            made.submit(number, *small(number))
        assert {told.next()[0] for _ in range(2)} == {0, 1}
        assert nursery not in children(os.getpid())
    assert not any(alive(pid) for pid in before)
    assert told.failed.empty()
