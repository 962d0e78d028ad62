"""Real processes of a station, one at a time."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

import rushes.cli
from rushes.depot import Depot
from rushes.lifecycle import StopToken
from rushes.station import Plan, Runner
from rushes.station.messages import Failed, Go, ReaderTask, Ready, Report, SourceTask, Stop
from rushes.station.processes import Backoff, Child, Stage, Supervisor

PATIENCE_S = 20.0


def eventually(condition, what):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.01)
    pytest.fail(f"not within {PATIENCE_S:.0f} s: {what}")


def hear(child, kind):
    """The first word of that kind, and no other kind before it."""
    return eventually(
        lambda: next((word for word in child.hear() if isinstance(word, kind)), None), kind.__name__
    )


def join(child):
    """Has it read the depot, and waits until it has joined."""
    hear(child, Ready)
    child.tell(Go(0))
    hear(child, Report)


@pytest.fixture
def depot():
    with Depot.create(
        slots=4, shape=(48, 64), when_full="drop_oldest", name=f"test-processes-{os.getpid()}"
    ) as made:
        yield made


def reader(depot, start=-1):
    return ReaderTask(depot=depot.name, parent=os.getpid(), name="r", start=start, strips=True)


def put(depot, number):
    depot.put(np.zeros((48, 64), np.uint8), number)


def test_backoff_doubles_five_times_and_a_long_life_wipes_the_slate():
    backoff = Backoff()
    assert [backoff.died(1.0) for _ in range(5)] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert backoff.died(Backoff.WINDOW_S) == 0.2
    assert [backoff.died(0.0) for _ in range(5)] == [0.4, 0.8, 1.6, 3.2, None]


def test_a_reader_reads_what_there_is_reports_and_ends_when_told(depot):
    put(depot, 0)
    child = Child(reader(depot))
    try:
        join(child)
        put(depot, 1)
        child.tell(Stop(depot.head))
        final = eventually(
            lambda: next((w for w in child.hear() if isinstance(w, Report) and w.final), None),
            "the last report",
        )
        assert (final.seen, final.depot_seen, final.depot_missed, final.depot_waiting) == (2, 2, 0, 0)
        assert final.wrong == final.read == 1, "an empty picture is no card"
        assert child.wait(PATIENCE_S)
        assert child.cause() == "ended with exit code 0"
    finally:
        child.close()


def test_a_process_says_why_it_cannot_go_on():
    child = Child(ReaderTask(depot="there-is-none", parent=os.getpid(), name="r", start=-1))
    try:
        hear(child, Ready)
        child.tell(Go(0))
        assert "there-is-none" in hear(child, Failed).cause
        assert child.wait(PATIENCE_S)
        assert child.cause().startswith("UnknownName: ")
    finally:
        child.close()


def test_a_killed_process_tells_its_signal(depot):
    child = Child(reader(depot))
    try:
        hear(child, Ready)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(PATIENCE_S)
        assert child.cause() == "killed by SIGKILL"
        child.tell(Go(0))  # to nobody: no error
    finally:
        child.close()


def test_a_parent_that_does_not_listen_stops_no_reader(depot):
    child = Child(reader(depot))
    try:
        join(child)
        for pipe in child.pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        until = time.monotonic() + 3  # a report each 0.2 s, each with ages: several times what the pipe holds
        number = 0
        while time.monotonic() < until:
            put(depot, number)
            number += 1
            time.sleep(0.002)
        eventually(lambda: depot.stats().consumers[0].waiting == 0, "it has read all")
        row = depot.stats().consumers[0]
        assert row.seen + row.missed == number
        assert row.seen > 0
    finally:
        child.close()


def test_ctrl_c_does_not_reach_a_child(depot):
    child = Child(reader(depot))
    try:
        join(child)
        assert os.getpgid(child.pid) != os.getpgid(0)
        os.kill(child.pid, signal.SIGINT)
        put(depot, 0)
        eventually(lambda: depot.stats().consumers[0].seen == 1, "it goes on reading")
        assert child.running()
    finally:
        child.close()


def test_the_end_of_the_order_pipe_ends_a_process(depot):
    # Started by hand, for a Child that closes its pipe also kills.
    code = "import sys; from rushes.station.stages import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(reader(depot)) + b"\n")
        process.stdin.flush()
        assert b"ready" in process.stdout.readline()
        process.stdin.close()
        try:
            assert process.wait(PATIENCE_S) == 1
        finally:
            process.kill()


def test_a_process_whose_parent_is_another_ends_at_once(depot):
    task = msgspec.json.encode(ReaderTask(depot=depot.name, parent=1, name="r", start=-1))
    code = "from rushes.station.stages import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=task + b"\n",
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout == b""


def test_a_stage_that_keeps_dying_is_given_up_with_its_cause(monkeypatch):
    monkeypatch.setattr(Backoff, "FIRST_S", 0.001)
    monkeypatch.setattr(Backoff, "MOST", 2)
    deaths = []
    stage = Stage(
        "s", lambda: SourceTask(name="s", depot="d", parent=os.getpid(), uri="file:/none", format="i420")
    )
    supervisor = Supervisor(
        [stage], on_word=lambda stage, word: None, on_death=lambda stage, cause: deaths.append(cause)
    )
    supervisor.start()
    try:
        eventually(lambda: (supervisor.step(0.1), stage.failure)[1], "it is given up")
    finally:
        supervisor.close()
    assert len(deaths) == 3
    assert stage.restarts == 2
    assert "/none" in stage.failure
    assert stage.child is None


def test_a_station_that_cannot_run_ends_with_the_cause(monkeypatch, capsys):
    monkeypatch.setattr(Backoff, "MOST", 0)
    assert rushes.cli.main(["up", "--source", "file:/there-is-none.mp4", "--no-record", "--for", "60s"]) == 1
    said = capsys.readouterr()
    assert "error: cam1 source: SourceUnavailable" in said.err
    assert "failed after" in said.out


def test_a_stop_before_the_first_frame_is_an_orderly_end():
    stop = StopToken()
    stop.set()
    with Runner(Plan(station=f"test-stop-{os.getpid()}")) as station:
        station.start(stop)
        report = station.finish("stopped")
    assert report.ok
    assert sum(edge.offered for edge in report.edges) == 0
