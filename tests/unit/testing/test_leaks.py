from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings

from rushes.testing import LeakSnapshot, snapshot


def test_nothing_new_is_no_leak():
    before = snapshot()
    assert snapshot().leaks_since(before) == []


def test_thread_descriptor_and_child_are_seen_and_settle():
    before = snapshot()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="left behind", daemon=True)
    thread.start()
    reading, writing = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    try:
        leaks = snapshot().leaks_since(before)
    finally:
        stop.set()
        thread.join(10)
        os.close(reading)
        os.close(writing)
        child.stdin.close()
        child.wait(10)
    assert f"thread {thread.ident}: left behind" in leaks
    assert sum(line.startswith("descriptor") and "pipe:" in line for line in leaks) == 3
    assert any(line.startswith(f"child process {child.pid}: ") for line in leaks)
    assert len(leaks) == 5
    assert snapshot(settle_after=before).leaks_since(before) == []


def test_garbage_is_collected_before_it_is_called_a_leak(tmp_path):
    before = snapshot()
    loop: list[object] = [(tmp_path / "file").open("wb", buffering=0)]
    loop.append(loop)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del loop
        assert snapshot(settle_after=before).leaks_since(before) == []


def test_settling_waits_and_gives_up():
    before = snapshot()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, daemon=True)
    thread.start()
    assert len(snapshot(settle_after=before, timeout_s=0.05).leaks_since(before)) == 1
    threading.Timer(0.05, stop.set).start()
    assert snapshot(settle_after=before, timeout_s=30).leaks_since(before) == []


def test_a_reopened_descriptor_counts(tmp_path):
    first = os.open(tmp_path, os.O_RDONLY)
    before = snapshot()
    os.close(first)
    second = os.open(os.devnull, os.O_RDONLY)
    try:
        assert second == first
        assert snapshot().leaks_since(before) == [f"descriptor {second}: {os.devnull}"]
    finally:
        os.close(second)


def test_the_resource_tracker_is_meant_to_stay():
    from multiprocessing import resource_tracker

    before = snapshot()
    resource_tracker.ensure_running()
    assert snapshot().leaks_since(before) == []


def test_a_child_that_falls_asleep_is_no_new_one() -> None:
    before = LeakSnapshot({}, {7: "python (R)"}, {})
    assert LeakSnapshot({}, {7: "python (S)"}, {}).leaks_since(before) == []
    assert LeakSnapshot({}, {8: "python (S)"}, {}).leaks_since(before) == ["child process 8: python (S)"]
