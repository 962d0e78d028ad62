"""Shots of the station of this machine, which is found by its board."""

from __future__ import annotations

import os
import threading
import time

import pytest

from rushes import Depot
from rushes.codecs import jpeg
from rushes.errors import ConfigError, DeadlineExceeded, JobCancelled, NoSuchMoment
from rushes.shots import ShotSaver
from tests.support.web_station import WebStation


@pytest.fixture
def station():
    with WebStation(f"here-{os.getpid()}") as made:
        yield made


def taken(saver, dt=None, **more):
    return saver.handle(saver.get("cam", dt, callback=lambda data: None, **more)).result(20)


def test_without_channels_the_running_station_is_asked(station, tmp_path):
    station.put(4)
    with ShotSaver() as saver:
        shot = taken(saver)
        guid, path = saver.save(
            "cam", file_path=str(tmp_path) + os.sep, file_name="{server.name} {channel.name}.jpg"
        )
        saver.handle(guid).result(20)
    assert (shot.frame_number, shot.source) == (4, "live")
    assert path == str(tmp_path / f"{station.name} cam.jpg")


def test_without_a_station_the_remedy_is_told():
    with pytest.raises(ConfigError, match=r"rushes up.*channels="):
        ShotSaver()


def test_a_station_that_died_is_none(station):
    station.show(now_ns=time.time_ns() - 60 * 10**9)
    with pytest.raises(ConfigError, match="rushes up"):
        ShotSaver()


def test_of_several_stations_one_must_be_named(station):
    station.show(web="http://127.0.0.1:1")
    with WebStation(f"other-{os.getpid()}"), pytest.raises(ConfigError, match=r"several.*http://127.0.0.1:1"):
        ShotSaver()


def test_of_several_stations_the_programs_own_is_meant(station):
    station.put(4)
    with WebStation(f"other-{os.getpid()}") as other:
        other.show(pid=1)
        station.show(pid=os.getpid())
        with ShotSaver() as saver:
            assert taken(saver).frame_number == 4


def test_a_moment_comes_from_the_archive_and_the_newest_from_the_depot(station, tmp_path):
    start_s = round(time.time()) - 60.0
    station.record(tmp_path / "archive", start_s=start_s)
    for number in range(5):
        station.put(100 + number, age_s=5 - number)
    with ShotSaver() as saver:
        assert taken(saver, start_s + 2.05).frame_number == 20
        assert taken(saver, time.time() - 3.5).frame_number == 101
        with pytest.raises(NoSuchMoment):
            taken(saver, start_s - 50)


def test_without_an_archive_the_depot_is_all_there_is(station):
    station.put(1, age_s=1.0)
    station.put(2)
    with ShotSaver() as saver:
        assert taken(saver, time.time() - 0.5).frame_number == 1
        with pytest.raises(NoSuchMoment):
            taken(saver, time.time() - 500)


def test_an_archive_that_comes_later_is_found(station, tmp_path):
    station.show(archive=str(tmp_path / "archive"))
    station.put(1)
    with ShotSaver() as saver:
        with pytest.raises(NoSuchMoment):
            taken(saver, time.time() - 500)
        start_s = round(time.time()) - 60.0
        station.record(tmp_path / "archive", start_s=start_s)
        assert taken(saver, start_s + 1.0).frame_number == 10


def test_figures_of_another_depot_are_drawn(station):
    station.mark(station.put(1))
    with ShotSaver() as saver:
        plain = jpeg.decode(taken(saver).data, "bgr24").astype(int)
        drawn = jpeg.decode(taken(saver, figures=True).data, "bgr24").astype(int)
    assert abs(plain - 128).max() < 12
    assert (drawn[32, 22:28, 2] - drawn[32, 22:28, 0]).max() > 40


def test_old_figures_are_not_drawn_on_a_new_picture(station):
    station.mark(station.put(1, age_s=30))
    station.put(2)
    with ShotSaver() as saver:
        drawn = jpeg.decode(taken(saver, figures=True).data, "bgr24").astype(int)
    assert abs(drawn - 128).max() < 12


def test_a_replaced_depot_is_joined_anew(station):
    station.put(1)
    with ShotSaver() as saver:
        assert taken(saver).frame_number == 1
        station.depot.unlink()
        station.depot.close()
        station.depot = Depot.create(station.depot.name, slots=8, shape=(96, 96))
        station.put(2)
        assert taken(saver).frame_number == 2


def test_a_source_that_opens_late_is_waited_for(station):
    name = station.depot.name
    station.channel(depot="", state="opening")
    with ShotSaver() as saver:
        handle = saver.handle(saver.get("cam", callback=lambda data: None))
        assert not handle._wait(0.2)
        station.put(6)
        station.channel(depot=name, state="live")
        assert handle.result(20).frame_number == 6


def test_one_that_never_opens_ends_with_its_state_or_a_cancel(station):
    station.channel(depot="", state="lost", why="no route to host")
    with ShotSaver() as saver:
        saver.timeout_sec, saver.max_tries = 0.2, 1
        with pytest.raises(DeadlineExceeded, match="no route to host"):
            taken(saver)
        saver.timeout_sec = 30.0
        guid = saver.get("cam", callback=lambda data: None)
        threading.Timer(0.1, saver.cancel, (guid,)).start()
        with pytest.raises(JobCancelled):
            saver.handle(guid).result(20)


def test_a_channel_that_is_none_is_told_at_the_call(station):
    with ShotSaver() as saver, pytest.raises(OSError, match="'cam'"):
        saver.get("door", callback=lambda data: None)
