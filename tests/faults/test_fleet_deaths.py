"""Stations at one hub when one of them, or the hub, is killed."""

from __future__ import annotations

import os
import signal
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.fleets import by_hand, eventually, get, joined, names, told
from tests.support.nats_hub import hub
from tests.support.web_process import WebProcess
from tests.unit.server.live_help import Eye

SOUTH, NORTH = (f"{each}-{os.getpid()}" for each in ("south", "north"))
THEIRS = f"cam_{NORTH}"


@pytest.fixture
def stations():
    with by_hand(SOUTH, NORTH) as made:
        yield made


@pytest.fixture
def running(tmp_path):
    with hub(tmp_path / "hub") as made:
        yield made


def look_on(eye):
    """For ever."""
    while True:
        eye.until_picture()


def pid_of(running):
    pid = running.stats().pid
    assert pid is not None
    return pid


def test_a_station_that_is_killed_is_gone_within_five_seconds_and_back_when_it_is(
    stations, running, tmp_path
):
    with joined(SOUTH, tmp_path / "south", running.url) as (south, _):
        with WebProcess(NORTH, tmp_path / "north", hub=running.url) as north:
            assert north.url
            eventually(lambda: THEIRS in names(south), "it is seen")
            with Eye(south.removeprefix("http://"), channel=THEIRS) as eye:
                eye.until_picture()
                os.kill(north.child.pid, signal.SIGKILL)
                began_s = time.monotonic()
                with pytest.raises(ConnectionClosed):
                    look_on(eye)
                ended_s = time.monotonic() - began_s
            eventually(lambda: THEIRS not in names(south), "it is gone")
            gone_s = time.monotonic() - began_s
        assert get(f"{south}/api/channels/{THEIRS}/frame.jpg")[0] == 404
        with WebProcess(NORTH, tmp_path / "north", hub=running.url):
            eventually(lambda: THEIRS in names(south), "it is seen again")
            assert get(f"{south}/api/channels/{THEIRS}/frame.jpg")[0] == 200
    assert gone_s < 5.5, "it is to be five, and is looked at twice a second"
    assert ended_s < 6


def test_a_hub_that_is_killed_is_told_of_and_everything_heals(stations, running, tmp_path):
    with (
        joined(SOUTH, tmp_path / "south", running.url) as (south, _),
        joined(NORTH, tmp_path / "north", running.url) as (north, _),
    ):
        eventually(lambda: THEIRS in names(south) and f"cam_{SOUTH}" in names(north), "both are seen")
        with Eye(south.removeprefix("http://"), channel=THEIRS) as eye:
            eye.until_picture()
            os.kill(pid_of(running), signal.SIGKILL)
            with pytest.raises(ConnectionClosed):
                look_on(eye)
        eventually(lambda: THEIRS in names(south) and f"cam_{SOUTH}" in names(north), "both are seen again")
        eventually(lambda: get(f"{south}/api/channels/{THEIRS}/frame.jpg")[0] == 200, "it can be asked")
        with Eye(south.removeprefix("http://"), channel=THEIRS) as eye:
            eye.until_picture()
        news = [each["text"] for each in told(f"{south}/api/station")["news"]]
        assert any("is away" in each for each in news)


def test_without_a_hub_the_page_is_as_quick_as_with_one(stations, tmp_path):
    with joined(SOUTH, tmp_path / "south", "nats://127.0.0.1:9") as (south, _):
        eventually(lambda: get(f"{south}/api/channels/cam/frame.jpg")[0] == 200, "there is a picture")
        began_s = time.monotonic()
        for _ in range(20):
            assert get(f"{south}/api/channels/cam/frame.jpg")[0] == 200
        assert time.monotonic() - began_s < 10
        station = told(f"{south}/api/station")
        assert "hub away" in station["health"]["text"]
        assert [each["name"] for each in station["stations"]] == [SOUTH]


def test_a_hub_that_stands_still_does_not_stop_the_page(stations, running, tmp_path):
    with (
        joined(SOUTH, tmp_path / "south", running.url) as (south, _),
        joined(NORTH, tmp_path / "north", running.url) as (_, _),
    ):
        eventually(lambda: THEIRS in names(south), "it is seen")
        pid = pid_of(running)
        os.kill(pid, signal.SIGSTOP)
        try:
            began_s = time.monotonic()
            assert get(f"{south}/api/channels/{THEIRS}/frame.jpg")[0] in (404, 503)
            assert time.monotonic() - began_s < 10, "the answer has a limit"
            assert get(f"{south}/api/channels/cam/frame.jpg")[0] == 200
            eventually(lambda: THEIRS not in names(south), "it is gone")
        finally:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: THEIRS in names(south), "it is seen again")
