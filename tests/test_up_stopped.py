"""The end of a station some of whose processes somebody has stopped (SIGSTOP, a debugger)."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest

from tests.test_up import eventually
from tests.test_up_works import board_of, edges_of, ended, found, running

AGAIN_S = 0.005  # it is stopped again so soon after somebody made it go on, as by a debugger


@pytest.fixture
def name():
    return f"test-stopped-{os.getpid()}"


def pid_of(board, stage):
    return next(each.pid for each in board.stages if each.name == stage)


def flowing(board):
    """Once workers find things."""
    return eventually(lambda: found(board().channels[0].figures), "figures")


@pytest.mark.parametrize(
    "stage",
    [
        "card edges worker 1",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("recorder", "card source", "card edges")),
    ],
)
def test_one_that_was_stopped_goes_on_for_the_end_and_nothing_is_lost(name, tmp_path, stage):
    with running("--name", name, "--disk", "50 MB", cwd=tmp_path) as process:
        reader, board = board_of(name)
        try:
            flowing(board)
            os.kill(pid_of(board(), stage), signal.SIGSTOP)
            code, report, err = ended(process)
        finally:
            reader.close()
    assert (code, report["problems"]) == (0, []), err
    edges_of(report)


def test_one_that_stays_stopped_is_killed_and_named_and_what_it_held_is_counted(name, tmp_path):
    with running("--name", name, "--disk", "50 MB", cwd=tmp_path) as process:
        reader, board = board_of(name)
        try:
            flowing(board)
            pid = pid_of(board(), "recorder")
            os.kill(pid, signal.SIGSTOP)
            process.send_signal(signal.SIGINT)
            keep_stopped(pid)
            code, report, err = ended_already(process)
        finally:
            reader.close()
    assert (code, report["problems"]) == (1, ["recorder did not end when told to"]), err
    edges = edges_of(report)
    assert edges["card recorder -> archive"]["waiting"] == 0
    assert edges["card recorder -> archive"]["offered"] > 0


def keep_stopped(pid):
    """Until it is killed."""
    until_s = time.monotonic() + 30
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until_s:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(AGAIN_S)


def ended_already(process):
    """As ``ended``, without telling it again: the second time it would not end in good order."""
    process.send_signal = lambda number: None
    return ended(process)
