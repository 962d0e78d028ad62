from __future__ import annotations

import json

import pytest

from rushes.cli import main
from rushes.station import measuring
from rushes.station.capacity import Machine
from tests.support.costs import COSTS

GIB = 1 << 30


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    asked = []

    def costs(camera, effort, say):
        asked.append(camera)
        say("something")
        return COSTS

    monkeypatch.setattr(measuring, "measure", costs)

    def machine(data, effort, say):
        asked.append(data)
        return Machine(2, 16 * GIB, 8 * GIB, 1e6)

    monkeypatch.setattr(measuring, "measure_machine", machine)
    return asked


def test_it_says_how_many_and_what_is_short(capsys):
    assert main(["bench", "--fps", "10"]) == 0
    told = capsys.readouterr()
    assert "1920x1080 at 10 pictures a second" in told.out
    lines = {line.split("  ")[0]: line.split() for line in told.out.splitlines()}
    assert lines["recorded"][-2:] == ["5", "disk"]
    assert lines["viewed live"][-2:] == ["25", "cores"]
    assert "measuring: something" in told.err


def test_its_json_has_all_and_alone_on_the_output(capsys, measured, tmp_path):
    assert main(["bench", "--json", "--width", "640", "--height", "480", "--data", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"camera", "machine", "costs", "cameras"}
    assert told["camera"] == {"width": 640, "height": 480, "fps": 30.0}
    assert [each["kind"] for each in told["cameras"]] == [
        "shared between processes",
        "recorded",
        "viewed live",
    ]
    assert measured[0] == tmp_path


@pytest.mark.parametrize("words", [["--width", "7"], ["--fps", "0"], ["--height", "tall"]])
def test_what_cannot_be_is_an_error_of_use(words, capsys, measured):
    assert main(["bench", *words]) == 2
    assert words[0].lstrip("-") in capsys.readouterr().err.lower()
    assert measured == []


def test_a_disk_that_fails_is_one_line_and_exit_1(monkeypatch, capsys):
    def fails(data, effort, say):
        raise OSError("the disk is full")

    monkeypatch.setattr(measuring, "measure_machine", fails)
    assert main(["bench"]) == 1
    assert capsys.readouterr().err == "error: the disk is full\n"
