"""Pictures handed over as bytes or awaited, and the settings."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rushes.errors import ConfigError
from rushes.shots import ShotSaver, status
from rushes.shots.files import kind_of
from tests.unit.shots.test_saver import ORDER, Gate, made

__all__ = ["made"]


def test_get_hands_over_the_bytes_and_touches_no_disk(made, tmp_path):
    got: list[bytes] = []
    saver = made()
    guid = saver.get("gate", callback=got.append)
    assert saver.wait(30)
    assert kind_of(got[0]) == "jpeg"
    assert saver.handle(guid).result(0).data == got[0]
    assert os.listdir(tmp_path) == []


def test_get_without_anybody_to_tell_is_an_environment_error(made):
    with pytest.raises(EnvironmentError, match="callback"):
        made().get("gate")
    with pytest.raises(EnvironmentError):
        made().get("gate", on_error=print)


def test_get_uses_the_savers_callback(made):
    bytes_, states, either = [], [], []

    def one(data):
        bytes_.append(data)

    def two(guid, state):
        states.append(state)

    for callback in (one, two, lambda *news: either.append(news)):
        saver = made(callback=callback)
        saver.get("gate")
        assert saver.wait(30)
    assert [kind_of(each) for each in bytes_] == ["jpeg"]
    assert states == ORDER
    assert [len(news) for news in either] == [1]


def test_a_get_that_fails_says_so(made):
    def broken(dt):
        raise ValueError("no picture today")

    errors, states = [], []
    saver = made({"gate": broken}, callback=lambda *news: states.append(news))
    saver.max_tries = 1
    first = saver.get("gate", callback=print, on_error=lambda *news: errors.append(news))
    second = saver.get("gate", callback=print)
    assert saver.wait(30)
    assert [(guid, str(error)) for guid, error in errors] == [(first, "no picture today")]
    assert states == [(second, status.error)]


def test_awaiting_a_shot(made):
    saver = made()

    async def both():
        return await asyncio.gather(saver.aget("gate"), saver.aget("gate", 12.0))

    now, then = asyncio.run(both())
    assert kind_of(now.data) == kind_of(then.data) == "jpeg"
    assert then.path == ""


def test_an_await_that_is_cancelled_takes_no_other_with_it(made):
    gate = Gate()
    saver = made({"gate": gate})

    async def main():
        first = asyncio.create_task(saver.aget("gate"))
        second = asyncio.create_task(saver.aget("gate"))
        await asyncio.to_thread(gate.asked.acquire)
        first.cancel()
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert kind_of(asyncio.run(main()).data) == "jpeg"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_sec", 0),
        ("timeout_sec", float("nan")),
        ("timeout_sec", "10"),
        ("timeout_sec", True),
        ("buffer_ts", -1),
        ("max_tries", 0),
        ("max_tries", 1.5),
        ("pool_size", 0),
        ("callback", "print"),
        ("file_name_tmpl", ""),
        ("screenshots_folder", ""),
    ],
)
def test_settings_are_checked_where_they_are_set(made, name, value):
    saver = made()
    before = getattr(saver, name)
    with pytest.raises(ConfigError, match=name):
        setattr(saver, name, value)
    assert getattr(saver, name) == before


def test_the_documented_settings_are_there(made):
    saver = ShotSaver(channels={})
    assert (saver.timeout_sec, saver.buffer_ts, saver.max_tries, saver.pool_size) == (10, 0, 2, 10)
    assert saver.file_name_tmpl == "{channel.name} (%Y.%m.%d %H-%M-%S.%f).jpg"
    assert saver.callback is None
    assert saver.screenshots_folder == str(Path.cwd() / "screenshots")
    saver.stop()


@pytest.mark.parametrize("dt", ["now", True, float("inf"), 1e300, object()])
def test_times_that_are_none(made, dt):
    with pytest.raises(ConfigError, match="dt"):
        made().save("gate", dt=dt)
