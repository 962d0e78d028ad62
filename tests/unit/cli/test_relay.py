"""``rushes send`` and ``rushes recv`` by way of a real hub, each against the other end in this process."""

from __future__ import annotations

import json

import pytest

from rushes.cli import main
from rushes.wire import hub_roles
from tests.support.nats_hub import hub
from tests.unit.cli.ends import receiving, sending


@pytest.fixture
def url(tmp_path):
    with hub(tmp_path / "data") as running:
        yield f"{running.url}/cam1"


def test_send_gets_through_a_hub(url, capsys):
    with receiving(url) as numbers:
        assert main(["send", "testcard:320x180@50", url, "--wait", "--for", "1s", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["adds_up"]
    assert said["sent"] > 10
    assert len(numbers) >= said["sent"] - 1  # a close leaves nothing behind to finish


def test_recv_gets_frames_through_a_hub(url, capsys):
    with sending(url):
        assert main(["recv", url, "--frames", "5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["delivered"] == 5
    assert said["endpoint"] == url


def test_a_hub_that_lets_nobody_in_without_its_keys_is_told(tmp_path, capsys):
    for name in ("ours", "theirs"):
        hub_roles.new(tmp_path / name)
    with hub(tmp_path / "data", keys=tmp_path / "ours") as running:
        wrong = ["--keys", str(tmp_path / "theirs")]
        assert main(["send", "testcard:320x180@50", f"{running.url}/cam1", *wrong, "--for", "20s"]) == 1
        assert main(["recv", f"{running.url}/cam1", *wrong, "--for", "20s"]) == 1
    assert "keys=" in capsys.readouterr().err


def test_nobody_waits_for_receivers_through_a_hub(capsys):
    assert main(["send", "testcard:", "nats://127.0.0.1:1/cam1", "--when-full", "block"]) == 2
    assert "mapreduce" in capsys.readouterr().err
