"""A station inside a program."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes import Depot, ShotSaver
from rushes.errors import ClosedError, ConfigError, NoSuchMoment, SourceUnavailable, UnknownName
from rushes.station import Station
from rushes.station.board import BoardReader
from rushes.testing import read_card
from tests.test_up import eventually

NAME = f"test-station-{os.getpid()}"


def config(folder, **more):
    return {
        "station": {"name": NAME, "data": str(folder / "data")},
        "web": {"bind": "off"},
        "archive": {"min_free": 0},
        "channel": [{"name": "card", "source": "testcard:640x360@30", **more}],
    }


def reading() -> Any:
    return BoardReader(NAME)


def made(what) -> Any:
    """Any: what is asked for below is there, or the test fails for it."""
    return Station.from_config(what) if isinstance(what, Path) else Station(what)


def test_its_channels_are_at_hand_and_shots_of_now_and_then(tmp_path):
    with made(config(tmp_path)) as station:
        assert list(station.channels) == ["card"]
        assert "door" not in station.channels
        assert station.channels.get("door") is None
        with ShotSaver(channels=station) as saver, pytest.raises(EnvironmentError, match="known: 'card'"):
            saver.save("door")
        card = station.channels["card"]
        frame = eventually(card.newest, "a frame")
        found = read_card(frame.to("bgr24").array)
        assert found is not None
        assert found[0] == frame.number
        assert card.state == "live"
        assert card.depot.slots == 16
        assert card.depot is card.depot
        shot = card.shot()
        assert shot.source == "live"
        assert shot.frame_number >= frame.number
        begun_s = frame.captured_ns / 1e9
        eventually(lambda: card.newest().captured_ns / 1e9 > begun_s + 1.5, "time passes")
        then = datetime.fromtimestamp(begun_s + 0.2, UTC)
        assert card.shot(then).source == "archive"
        assert card.archive.channels() == ["card"]
        with pytest.raises(NoSuchMoment):
            card.shot(begun_s - 60)
        with ShotSaver(1, channels=station) as saver:
            guid, path = saver.save("card", file_path=f"{tmp_path}/")
            assert saver.handle(guid).result().path == path
        with pytest.raises(UnknownName, match="did you mean 'card'"):
            station.channels["crad"]
        assert station.status().channels[0].name == "card"
        report = station.stop()
    assert report.ok, report
    assert report.recorded_bytes > 0
    with pytest.raises(ClosedError):
        _ = station.channels
    assert station.stop() is None
    with pytest.raises(ClosedError):
        station.start()


def test_it_can_be_started_again_and_from_any_thread(tmp_path):
    station = made(config(tmp_path, record=False))
    starter = threading.Thread(target=station.start)
    starter.start()
    starter.join()
    assert station.start() is station, "it runs"
    # The thread that started it has ended, and its processes live on.
    eventually(lambda: station.channels["card"].newest(), "a frame")
    assert station.stop().ok
    with pytest.raises(ClosedError, match="start it first"):
        station.status()
    with station:
        eventually(lambda: station.channels["card"].newest(), "a frame again")


def test_a_killed_process_is_healed_and_shown(tmp_path):
    with made(config(tmp_path, record=False)) as station, closing(reading()) as reader:
        eventually(lambda: station.channels["card"].newest(), "a frame")
        board = eventually(reader.read, "a board")
        (source,) = board.stages
        seen = eventually(lambda: (now := reader.read()).edges and now.processes_bytes and now, "an edge")
        assert "late" in seen.edges[0].allowed, "what a busy machine drops is not lost"
        assert not any("late" in each.allowed for each in seen.edges[1:])
        assert seen.processes_bytes > seen.memory_bytes > 0
        os.kill(source.pid, signal.SIGKILL)
        seen = eventually(
            lambda: (now := reader.read()).edges and now.edges[0].dropped.get("stage down") and now,
            "it is healed",
        )
        (healed,) = seen.stages
        assert (healed.restarts, healed.cause, healed.state) == (1, "killed by SIGKILL", "running")
        assert healed.pid != source.pid
        told = [each.text for each in seen.news]
        assert "card source ended: killed by SIGKILL" in told
        assert any(each.startswith("card source is back after ") for each in told)


def test_after_the_start_there_is_a_frame_and_later_ones_can_be_waited_for(tmp_path):
    file = tmp_path / "station.toml"
    text = '[web]\nbind = "off"\n[[channel]]\nname = "a"\nsource = "testcard:160x90@30"\nrecord = false\n'
    file.write_text(text)
    with made(file) as station:
        assert station.channels["a"].newest() is not None
        assert station.wait(0)
        file.write_text(text + '[[channel]]\nname = "b"\nsource = "depot:nobodys-depot"\nrecord = false\n')
        station.reload()
        assert not station.wait(0.1)
        with Depot.create("nobodys-depot", slots=2, shape=(60, 80, 3), replace="stale") as depot:
            depot.put(np.zeros((60, 80, 3), np.uint8))
            until = eventually(lambda: depot.put(np.zeros((60, 80, 3), np.uint8)) and station.wait(0.05), "b")
            assert until
            depot.unlink()
        assert station.channels["b"].newest() is not None
    with pytest.raises(ClosedError):
        station.wait(0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "not of None"),
        ("station.toml", r"Station.from_config\('station.toml'\)"),
        (Path("x.toml"), "from_config"),
        ([], r"not of \[\]"),
    ],
)
def test_what_is_no_configuration_is_told(given, told):
    with pytest.raises(ConfigError, match=told):
        Station(given)


def test_what_cannot_be_raises_at_the_start(tmp_path):
    data = config(tmp_path, record=False)
    data["channel"][0]["source"] = "screen:no region"
    with pytest.raises(ConfigError, match='write "screen:"'), made(data):
        pass
    with pytest.raises(ConfigError, match=r'unknown key "fsp"'):
        made(config(tmp_path, fsp=3))
    with pytest.raises(ConfigError, match="has no"):
        made({})
    with (
        made(config(tmp_path, record=False)),
        pytest.raises(ConfigError, match="runs on this machine already"),
    ):
        made(config(tmp_path, record=False)).start()


def test_a_smaller_budget_gives_fewer_slots_and_one_too_small_none(tmp_path):
    film = tmp_path / "film"
    film.mkdir()
    import numpy as np

    from rushes import Frame

    Frame(np.zeros((400, 600, 3), np.uint8)).save(film / "0.png")
    data = config(tmp_path, record=False)
    data["channel"][0]["source"] = f"file:{film}"
    data["budget"] = {"memory": 8 * 400 * 600 * 3 // 2}
    with made(data) as station:
        eventually(lambda: station.channels["card"].depot, "a depot")
        assert station.channels["card"].depot.slots == 8
    data["budget"] = {"memory": 3 * 400 * 600 * 3 // 2}
    with pytest.raises(SourceUnavailable, match=r"raise budget\.memory"), made(data):
        pass


def test_a_depot_that_waits_loses_nothing_of_what_is_recorded(tmp_path):
    with made(config(tmp_path, when_full="block", slots=2)) as station:
        eventually(
            lambda: station.channels["card"].newest() and station.channels["card"].newest().number > 40,
            "40 frames",
        )
        report = station.stop()
    assert report.ok, report
    edges = {edge.name: edge for edge in report.edges}
    assert edges["card -> card recorder"].dropped == {}
    assert edges["card recorder -> archive"].delivered == edges["card source -> card"].delivered


def test_it_follows_its_file_and_refuses_a_wrong_one(tmp_path):
    file = tmp_path / "station.toml"
    text = '[web]\nbind = "off"\n[[channel]]\nname = "a"\nsource = "testcard:160x90@30"\nrecord = false\n'
    file.write_text(text)
    with made(file) as station:
        before = station.channels["a"].depot
        file.write_text(text + '[[channel]]\nname = "b"\nsource = "testcard:80x60@10"\nrecord = false\n')
        assert station.reload() == "added b"
        eventually(lambda: station.channels["b"].newest(), "frames of b")
        assert station.channels["a"].depot is before
        file.write_text(text.replace("@30", "@15"))
        assert station.reload() == "removed b, changed a"
        eventually(lambda: station.channels["a"].depot not in (None, before), "another depot")
        assert list(station.channels) == ["a"]
        with pytest.raises(UnknownName):
            Depot.attach(f"{station.name}-b").close()
        file.write_text(text.replace("[web]", "[wb]"))
        with pytest.raises(ConfigError, match="unknown table"):
            station.reload()
        work = '[[work]]\nname = "look"\nchannel = "a"\ncall = "nowhere.to_be:found"\n'
        file.write_text(text + work)
        with pytest.raises(ConfigError, match="work look: no module named nowhere"):
            station.reload()
        file.write_text('[station]\nname = "other"\n' + text)
        with pytest.raises(ConfigError, match="station cannot be changed"):
            station.reload()
        assert station.channels["a"].state in ("opening", "live")
