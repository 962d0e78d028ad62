"""The station that runs without being told anything: a test card, and two workers that look for edges in it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess

import pytest

from rushes import Archive, Box, Depot
from rushes.errors import DepotError, UnknownName
from rushes.station.board import BoardReader
from tests.test_up import COMMAND, PATIENCE_S, eventually

ROLES = ["card edges", "card edges worker 1", "card edges worker 2"]


@pytest.fixture
def name():
    return f"test-works-{os.getpid()}"


@contextlib.contextmanager
def running(*arguments, cwd):
    process = subprocess.Popen(
        [*COMMAND, "up", *arguments, "--bind", "off", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process):
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, json.loads(out), err


def board_of(name):
    reader = BoardReader(name, wait_s=PATIENCE_S)
    return reader, lambda: eventually(reader.read, "a board")


def found(place):
    """The newest frame with figures, once there is one."""
    with contextlib.suppress(UnknownName, DepotError), Depot.attach(place) as depot:
        lease = depot.newest()
        if lease is not None:
            with lease:
                return lease.copy()
    return None


def edges_of(report):
    (channel,) = report["channels"]
    edges = {each["edge"]: each for each in channel["edges"]}
    for each in edges.values():
        assert each["offered"] == each["delivered"] + sum(each["dropped"].values()) + each["waiting"], report
    return edges


def test_two_workers_find_edges_survive_kills_and_are_kept_with_the_recording(name, tmp_path):
    with running("--name", name, "--disk", "50 MB", cwd=tmp_path) as process:
        reader, board = board_of(name)
        try:
            first = eventually(lambda: found(board().channels[0].figures), "figures")
            assert first.figures
            assert all(isinstance(each, Box) for each in first.figures)
            assert first.track == "edges"
            pids = {each.name: each.pid for each in board().stages if each.name in ROLES}
            assert sorted(pids) == ROLES
            for role in (ROLES[1], ROLES[0]):
                os.kill(pids[role], signal.SIGKILL)
                healed = eventually(
                    lambda role=role: next(
                        (
                            each
                            for each in board().stages
                            if each.name == role and each.restarts and each.state == "running"
                        ),
                        None,
                    ),
                    f"{role} is back",
                )
                assert "SIGKILL" in healed.cause
                last = found(f"{name}-card.figures").number
                eventually(lambda last=last: found(f"{name}-card.figures").number > last + 5, "more figures")
        finally:
            reader.close()
        code, report, err = ended(process)
    edges = edges_of(report)
    assert code == 0, (report, err)
    work = edges["card edges -> figures"]
    assert work["offered"] == edges["card -> card edges"]["delivered"]
    assert work["delivered"] > 10
    assert report["restarts"]["card edges worker 1"] == 1
    with Archive(tmp_path / "rushes-data", mode="r") as archive:
        # While a worker was dead there were none, and how long that was is the machine's to say.
        spans = archive.figures_between(
            "card", first.captured_ns / 1e9 - 10, first.captured_ns / 1e9 + PATIENCE_S
        )
        shown = [
            archive.frame_at("card", (each.start_ns + each.end_ns) / 2e9, figures=True) for each in spans
        ]
    assert any(frame.figures for frame in shown)


def test_a_function_that_is_not_there_ends_the_run_with_its_cause(name, tmp_path):
    (tmp_path / "station.toml").write_text(
        f'''
[station]
name = "{name}"
[[channel]]
name = "card"
source = "testcard:320x180@30"
record = false
[[work]]
name = "look"
channel = "card"
call = "nowhere.to_be:found"
'''
    )
    with running("station.toml", "--for", "60s", cwd=tmp_path) as process:
        out, _ = process.communicate(timeout=PATIENCE_S)
        report = json.loads(out)
    assert process.returncode == 1
    assert any("card look worker 1" in each and "nowhere" in each for each in report["problems"]), report
