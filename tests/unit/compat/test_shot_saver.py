"""The older saver's names and refusals; the programs written for it run in tests/seeds/test_shot_saver.py."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from rushes.compat.shot_saver import ShotSaver, status
from rushes.shots.files import kind_of
from tests.unit.shots.fake_host import CHANNEL, FakeHost


def test_without_a_host_it_says_so():
    with pytest.raises(ValueError, match="module host"):
        ShotSaver()


def test_the_signatures_are_the_documented_ones():
    def names(fn):
        return list(inspect.signature(fn).parameters)[1:]

    assert names(ShotSaver.save) == [
        "channel_full_guid",
        "dt",
        "figures",
        "file_name",
        "file_path",
        "callback",
        "task_guid",
    ]
    assert names(ShotSaver.get) == ["channel_full_guid", "dt", "figures", "callback"]
    assert names(ShotSaver.__init__)[:2] == ["pool_size", "callback"]
    states = (status.in_queue, status.saving, status.success, status.error)
    assert states == ("in_queue", "saving", "success", "error")


def test_unknown_channels_and_missing_callbacks_are_environment_errors(tmp_path):
    saver = ShotSaver(channels=FakeHost(tmp_path))
    with pytest.raises(EnvironmentError, match="known"):
        saver.save(channel_full_guid="other_O4Yazs8u")
    with pytest.raises(EnvironmentError, match="callback"):
        saver.get(channel_full_guid=CHANNEL)
    saver.stop()


def test_a_real_wait_for_figures(tmp_path):
    host = FakeHost(tmp_path)
    with ShotSaver(channels=host) as saver:
        saver.buffer_ts = 0.1
        _, path = saver.save(CHANNEL, figures=True)
        assert saver.wait(30)
    assert kind_of(Path(path).read_bytes()) == "jpeg"
    ((_, _, _, when, figures),) = host.calls
    assert figures
    assert when != "0"
    host.close()
