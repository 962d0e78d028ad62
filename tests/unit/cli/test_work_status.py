"""``rushes work SOURCE --status`` against a real hub."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rushes.cli import main
from rushes.cli.work_status import status_row
from rushes.stream import Streamer
from rushes.stream.backlog import WorkBacklog


@pytest.fixture
def streamer(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with Streamer("tcp://127.0.0.1:0", tracks=["cars", "faces"], mapreduce=True) as streamer:
        yield streamer


def test_what_waits_is_told_for_each_track(streamer, capsys):
    for number in range(3):
        streamer.send(np.full((48, 64, 3), number, np.uint8))
    while streamer.stats().sent < 3:
        pass
    assert main(["work", streamer.address, "--status", "--for", "100ms", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["track"] for each in said["tracks"]] == ["cars", "faces"]
    assert {each["waiting"] for each in said["tracks"]} == {3}
    assert main(["work", streamer.address, "--status", "--for", "100ms", "--track", "faces"]) == 0
    out = capsys.readouterr().out
    assert "enough workers" in out
    assert "faces" in out
    assert "cars" not in out


def test_a_row_says_how_many_would_keep_up():
    some = WorkBacklog("a", waiting=500, in_flight=2, oldest_age_s=17, arriving_per_s=30, done_per_s=10)
    assert status_row(some, 2) == (
        "a",
        "500",
        "2",
        "17.0 s",
        "30.0/s",
        "10.0/s",
        "no: 8 would keep up, where there are 2",
    )
    calm = WorkBacklog("a", waiting=0, in_flight=0, oldest_age_s=0, stuck=1, arriving_per_s=3, done_per_s=3)
    assert status_row(calm, 2)[1::5] == ("0 (1 stuck)", "yes")
    once = WorkBacklog("a", waiting=5, in_flight=0, oldest_age_s=0)
    assert status_row(once, 2)[-3:] == ("-", "-", "nothing is done")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["tcp://127.0.0.1:1", "--status", "--call", "a:b"], "--call"),
        (["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "--status"], "drain"),
        (["tcp://127.0.0.1:1", "--status", "--workers", "0"], "--workers"),
        (["ipc://here", "--status"], "no hub"),
        (["tcp://127.0.0.1:1", "--status", "--for", "3"], "no unit"),
    ],
)
def test_what_cannot_be_is_told_as_usage(words, hint, capsys):
    assert main(["work", *words]) == 2
    assert hint in capsys.readouterr().err


def test_a_stream_that_nobody_deals_out_fails(streamer, capsys):
    where = streamer.address.replace("tcp://", "nats://") + "/nothing"
    assert main(["work", where, "--status"]) == 1
    assert "not found" in capsys.readouterr().err
