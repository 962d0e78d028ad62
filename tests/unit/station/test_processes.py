"""Real processes of a station, one at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

import rushes.cli
from rushes.depot import Depot
from rushes.lifecycle import StopToken
from rushes.station import Plan, Runner
from rushes.station import child as inside
from rushes.station.messages import LINE_BYTES, Failed, Go, Opened, SourceTask, Stop, Trouble
from rushes.station.processes import Backoff, Child, Stage, Supervisor
from tests.support.waiting import eventually

PATIENCE_S = 20.0


def hear(child, kind):
    """The first word of that kind, and no other kind before it."""
    return eventually(
        lambda: next((word for word in child.hear() if isinstance(word, kind)), None), kind.__name__
    )


@pytest.fixture
def depot():
    with Depot.create(
        slots=4, shape=(48, 64), when_full="drop_oldest", name=f"test-processes-{os.getpid()}"
    ) as made:
        yield made


def card(depot, parent=None, uri="testcard:64x32@30"):
    parent = os.getpid() if parent is None else parent
    return SourceTask(name="s", depot=depot, parent=parent, uri=uri, format="i420")


def begin(child, depot):
    """Has it fill the depot, and waits until it does."""
    hear(child, Opened)
    child.tell(Go(time.monotonic_ns()))
    eventually(lambda: depot.head >= 0, "a frame")


def test_backoff_doubles_five_times_and_a_long_life_wipes_the_slate():
    backoff = Backoff()
    assert [backoff.died(1.0) for _ in range(5)] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert backoff.died(Backoff.WINDOW_S) == 0.2
    assert [backoff.died(0.0) for _ in range(5)] == [0.4, 0.8, 1.6, 3.2, None]


def test_a_process_does_its_task_and_ends_when_told(depot):
    child = Child(card(depot.name))
    try:
        begin(child, depot)
        child.tell(Stop())
        assert child.wait(PATIENCE_S)
        assert child.cause() == "ended with exit code 0"
        assert depot.stats().stored == depot.head + 1
    finally:
        child.close()


def test_a_process_says_why_it_cannot_go_on():
    child = Child(card("there-is-none"))
    try:
        hear(child, Opened)
        child.tell(Go(0))
        assert "there-is-none" in hear(child, Failed).cause
        assert child.wait(PATIENCE_S)
        assert child.cause().startswith("UnknownName: ")
    finally:
        child.close()


def test_a_killed_process_tells_its_signal(depot):
    child = Child(card(depot.name))
    try:
        hear(child, Opened)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(PATIENCE_S)
        assert child.cause() == "killed by SIGKILL"
        child.tell(Go(0))  # to nobody: no error
    finally:
        child.close()


def test_a_parent_that_does_not_listen_stops_nobody(monkeypatch):
    ours, theirs = os.pipe()
    try:
        os.set_blocking(theirs, False)
        monkeypatch.setattr(inside, "_OUT", theirs)
        link = inside.Link.__new__(inside.Link)  # without the parent and the orders of a process
        told = next(count for count in range(1000) if not link.say(Trouble("x" * 400, count)))
        assert told > 1
        heard = os.read(ours, 1 << 20).splitlines()
        assert len(heard) == told, "what found no room is left out whole"
        assert all(len(each) < LINE_BYTES and msgspec.json.decode(each, type=Trouble) for each in heard)
        assert link.say(Trouble("again"))
    finally:
        os.close(ours)
        os.close(theirs)


def test_ctrl_c_does_not_reach_a_child(depot):
    child = Child(card(depot.name))
    try:
        begin(child, depot)
        assert os.getpgid(child.pid) != os.getpgid(0)
        os.kill(child.pid, signal.SIGINT)
        head = depot.head
        eventually(lambda: depot.head > head + 3, "it goes on")
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
        process.stdin.write(msgspec.json.encode(card(depot.name)) + b"\n")
        process.stdin.flush()
        assert b"opened" in process.stdout.readline()
        process.stdin.close()
        try:
            assert process.wait(PATIENCE_S) == 1
        finally:
            process.kill()


def test_a_process_whose_parent_is_another_ends_at_once(depot):
    code = "from rushes.station.stages import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=msgspec.json.encode(card(depot.name, parent=1)) + b"\n",
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
    stage = Stage("s", lambda: card("d", uri="file:/none"))
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


@pytest.mark.parametrize("uri", ["file:/none", "nonsense:"])  # it cannot, and: it was told what cannot be
@pytest.mark.parametrize(("steadfast", "worked"), [(True, True), (True, False), (False, True)])
def test_what_has_worked_is_tried_again_for_as_long_as_a_steadfast_supervisor_runs(
    monkeypatch, steadfast, worked, uri
):
    monkeypatch.setattr(Backoff, "FIRST_S", 0.001)
    monkeypatch.setattr(Backoff, "AGAIN_S", 0.001)
    monkeypatch.setattr(Backoff, "MOST", 1)
    stage = Stage("s", lambda: card("d", uri=uri))
    stage.backoff.worked = worked
    supervisor = Supervisor(
        [stage], on_word=lambda stage, word: None, on_death=lambda stage, cause: None, steadfast=steadfast
    )
    supervisor.start()
    try:
        eventually(lambda: (supervisor.step(0.1), stage.failure or stage.restarts >= 3)[1], "an end, or none")
    finally:
        supervisor.close()
    assert stage.wrong == (uri == "nonsense:")
    assert stage.failing == (steadfast and worked)
    assert bool(stage.failure) == (not stage.failing)


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
