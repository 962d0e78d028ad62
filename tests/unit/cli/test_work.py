"""``rushes work``, and the other two verbs where work is dealt out, each against the other ends in this process."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from rushes.cli import main
from rushes.cli.stream_run import Rates
from rushes.cli.work import working_line
from rushes.frame import Frame
from rushes.metrics import EdgeStats
from rushes.stream import Receiver, Streamer, Worker
from rushes.wire import hub_roles
from rushes.wire.flow import Gap
from tests.unit.cli.ends import PATIENCE_S, interrupted

ANYWHERE = "tcp://127.0.0.1:0"
FUNCTIONS = "tests.support.crew_functions"


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def streamer():
    with Streamer(ANYWHERE, mapreduce=True) as streamer:
        yield streamer


def fill(streamer, count):
    for number in range(count):
        assert streamer.send(np.full((48, 64, 3), number, np.uint8)).accepted


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def collecting(endpoint=ANYWHERE):
    """A receiver of results, and all that it gave; complete after the block."""
    got: list[Frame | Gap] = []
    with Receiver(endpoint, mapreduce=True) as receiver:
        thread = threading.Thread(target=lambda: got.extend(receiver.frames()))
        thread.start()
        try:
            yield receiver.address, got
        finally:
            receiver.stop()
            thread.join(PATIENCE_S)


@contextmanager
def working(source, drain):
    """A worker that passes frames on as they are."""
    with Worker(source, drain) as worker:

        def run():
            for data in worker.handler:
                worker.send(data)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            worker.stop()
            thread.join(PATIENCE_S)


def test_a_function_is_called_on_each_frame_until_ctrl_c(streamer, capsys):
    with collecting() as (drain, got):
        fill(streamer, 10)
        words = ["work", streamer.address, drain, "--call", f"{FUNCTIONS}:told", "--procs", "1", "--json"]
        with interrupted(lambda: len(got) == 10):
            assert main(words) == 0
    assert [each.meta["number"] for each in got] == list(range(10))
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert (said["offered"], said["delivered"], said["dropped"]) == (10, 10, {})
    assert said["adds_up"]
    assert f"{FUNCTIONS}:told works on {streamer.address} none" in err


def test_what_fails_each_time_is_given_up_and_counted(streamer, capsys):
    with collecting() as (drain, got):
        fill(streamer, 1)
        with interrupted(lambda: bool(got)):
            assert main(["work", streamer.address, drain, "--call", f"{FUNCTIONS}:broken"]) == 0
    assert got == [Gap(0, 0, "error", "none")]
    row = capsys.readouterr().out.splitlines()[-1]
    assert "again 4" in row
    assert "error 1" in row
    assert row.split()[-1] == "yes"


def test_functions_of_this_folder_are_found(streamer, tmp_path, monkeypatch):
    (tmp_path / "my_own_work.py").write_text("def bright(frame):\n    return {'mean': frame.array.mean()}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    with collecting() as (drain, got):
        fill(streamer, 3)
        with interrupted(lambda: len(got) == 3):
            assert main(["work", streamer.address, drain, "--call", "my_own_work:bright"]) == 0
    assert [round(each.meta["mean"]) for each in got] == [0, 1, 2]


def test_without_a_drain_results_go_to_the_hub_that_the_frames_came_from(streamer):
    with collecting(streamer.address) as (_, got):
        fill(streamer, 1)
        with interrupted(lambda: bool(got)):
            assert main(["work", streamer.address, "--call", f"{FUNCTIONS}:as_it_came"]) == 0
    assert [each.number for each in got] == [0]


def test_a_function_that_is_not_there_is_told_with_its_name(streamer, capsys):
    words = ["work", streamer.address, "--call", "no_such_module_of_mine:fn"]
    assert main(words) == 2
    assert "no_such_module_of_mine" in capsys.readouterr().err


def test_a_hub_that_lets_nobody_in_without_its_keys_ends_the_work(tmp_path, capsys):
    for name in ("ours", "theirs"):
        hub_roles.new(tmp_path / name)
    with Streamer(ANYWHERE, mapreduce=True, keys=tmp_path / "ours") as streamer:
        words = ["work", streamer.address, "--call", f"{FUNCTIONS}:told", "--keys", str(tmp_path / "theirs")]
        assert main([*words, "--for", "20s"]) == 1
    assert "error: " in capsys.readouterr().err


def test_it_ends_when_its_time_is_over(streamer, capsys):
    words = ["work", streamer.address, "--call", f"{FUNCTIONS}:told", "--procs", "1", "--for", "200ms"]
    assert main(words) == 0
    assert "adds up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "--call"),
        (["--call", "nonsense"], "package.module:function"),
        (["--call", "a:b", "--timeout", "30"], "no unit"),
        (["--call", "a:b", "--procs", "0"], "decproc"),
        (["--call", "a:b", "--track", "a b"], "track"),
    ],
)
def test_what_cannot_be_is_told_as_usage(words, hint, streamer, capsys):
    assert main(["work", streamer.address, *words]) == 2
    assert hint in capsys.readouterr().err


def test_on_one_machine_frames_are_worked_on_without_a_server(capsys):
    with Streamer("shm://here", mapreduce=True) as near, collecting("shm://here") as (drain, got):
        fill(near, 5)
        with interrupted(lambda: len(got) == 5):
            assert main(["work", "shm://here", drain, "--call", f"{FUNCTIONS}:told", "--procs", "1"]) == 0
    assert [each.meta["number"] for each in got] == list(range(5))
    assert "shm://here none" in capsys.readouterr().out


def test_send_and_recv_deal_out_on_one_machine_too(capsys):
    with collecting("shm://to") as (drain, got), working("shm://from", drain):
        assert (
            main(["send", "testcard:64x48@50", "shm://from", "--mapreduce", "--for", "300ms", "--json"]) == 0
        )
        sent = json.loads(capsys.readouterr().out)["sent"]
    assert len(got) == sent > 0
    assert not any(isinstance(each, Gap) for each in got)
    with Streamer("shm://from", mapreduce=True) as near, working("shm://from", "shm://to"):
        fill(near, 5)
        assert main(["recv", "shm://to", "--mapreduce", "--frames", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["delivered"] == 5


def test_results_do_not_leave_the_machine_of_their_frames(capsys):
    assert main(["work", "ipc://anything", "tcp://127.0.0.1:5999", "--call", "a:b"]) == 2
    assert "shm://" in capsys.readouterr().err


def test_send_deals_frames_out_and_waits_until_they_are_done(capsys):
    source = f"tcp://127.0.0.1:{free_port()}"
    with collecting() as (drain, got), working(source, drain):
        assert main(["send", "testcard:64x48@50", source, "--mapreduce", "--for", "500ms", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        until_s = time.monotonic() + PATIENCE_S
        while len(got) < said["sent"] and time.monotonic() < until_s:
            time.sleep(0.01)
    assert said["sent"] == said["offered"] > 5
    numbers = [each.number for each in got]
    assert len(numbers) == said["sent"]
    assert numbers == sorted(
        set(numbers)
    )  # a card is late now and then on a busy machine, and then not drawn


def test_recv_takes_results(streamer, capsys):
    fill(streamer, 5)
    drain = f"tcp://127.0.0.1:{free_port()}"
    with working(streamer.address, drain):
        assert main(["recv", drain, "--mapreduce", "--frames", "5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["delivered"], said["dropped"]) == (5, {})


def test_tracks_are_of_map_reduce_alone(capsys):
    assert main(["send", "testcard:", "ipc://a", "--track", "faces"]) == 2
    assert "--mapreduce" in capsys.readouterr().err


def test_the_line_tells_what_became_of_frames():
    stats = EdgeStats("a", offered=10, delivered=5, dropped={"again": 2, "skipped": 1}, waiting=2)
    line = working_line(1.0, stats, Rates())
    assert "done 5  failed 0  again 2  skipped 1  at work 2" in line
