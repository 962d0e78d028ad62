"""Whether a worker's function can be had, before anything is changed for it."""

from __future__ import annotations

import pytest

from rushes.errors import ConfigError
from rushes.station import trial
from rushes.station.trial import check_call


def test_one_that_can_be_imported_passes():
    check_call("rushes.station.edges:boxes", "edges")


@pytest.mark.parametrize(
    ("call", "said"),
    [("nowhere.to_be:found", "nowhere"), ("rushes.station.edges:boxen", "boxen")],
)
def test_another_is_refused_with_the_reason(call, said):
    with pytest.raises(ConfigError, match=said) as caught:
        check_call(call, "look")
    assert str(caught.value).startswith("work look: ")


def test_it_is_looked_for_in_this_folder_too(tmp_path, monkeypatch):
    (tmp_path / "mine_alone.py").write_text("def look(frame):\n    return None\n")
    monkeypatch.chdir(tmp_path)
    check_call("mine_alone:look", "look")


def test_a_module_that_ends_the_program_is_refused(tmp_path, monkeypatch):
    (tmp_path / "ends_all.py").write_text("import os\nos._exit(3)\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="exit code 3"):
        check_call("ends_all:look", "look")


def test_one_that_takes_long_to_import_is_left_to_its_worker(tmp_path, monkeypatch):
    (tmp_path / "slow_one.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial, "_PATIENCE_S", 0.5)
    check_call("slow_one:look", "look")
