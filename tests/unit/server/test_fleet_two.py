"""Two stations at a real hub, seen from the page of the one that has nothing of the other's."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import time
from urllib.request import Request, urlopen

import av
import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed

from rushes import ShotSaver
from rushes.server.fleet_relay import EDGE
from rushes.server.live_hub import LiveHub
from rushes.testing import read_card
from tests.support.fleets import by_hand, eventually, get, joined, names, record, told
from tests.unit.server.live_help import Eye

SOUTH, NORTH = (f"{each}-{os.getpid()}" for each in ("south", "north"))
THEIRS = f"cam_{NORTH}"


@pytest.fixture
def stations():
    with by_hand(SOUTH, NORTH) as made:
        yield made


@pytest.fixture
def states():
    """Of the south and the north, once there are any."""
    return []


@pytest.fixture
def url(running, stations, states, tmp_path):
    """The south's page, which sees the north's channel."""
    with (
        joined(SOUTH, tmp_path / "south", running.url) as (south, of_south),
        joined(NORTH, tmp_path / "north", running.url) as (north, of_north),
    ):
        states += [of_south, of_north]
        eventually(lambda: THEIRS in names(south), "the south sees the north")
        eventually(lambda: f"cam_{SOUTH}" in names(north), "the north sees the south")
        yield south


def card(data: bytes) -> tuple[int, int]:
    found = read_card(np.asarray(Image.open(io.BytesIO(data))))
    assert found is not None
    return found


def test_each_sees_the_others_channels(url):
    assert names(url) == {"cam", THEIRS}
    stations = told(f"{url}/api/station")["stations"]
    assert [(each["name"], each["channels"]) for each in stations] == [(SOUTH, ["cam"]), (NORTH, ["cam"])]
    about = told(f"{url}/api/channels/{THEIRS}")
    assert (about["station"], about["state"]) == (NORTH, "live")


def test_the_newest_picture_of_another_station_is_new(url, stations):
    before = stations[1].number
    status, body, headers = get(f"{url}/api/channels/{THEIRS}/frame.jpg")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    number, _ = card(body)
    assert number == int(headers["x-frame-number"])
    assert number >= before - 1
    assert float(headers["x-age-ms"]) < 5000


def test_the_live_view_of_another_station_moves(url):
    with Eye(url.removeprefix("http://"), channel=THEIRS) as eye:
        seen = [eye.until_picture() for _ in range(10)]
        hello = next(each for each in eye.texts if each["type"] == "hello")
        assert hello["channel"] == THEIRS
        assert all(card(payload)[0] == number for _, number, payload in seen)
        numbers = [number for _, number, _ in seen]
        assert numbers == sorted(set(numbers))
        eye.say(type="ping", t=5)
        assert eye.until_word("pong")["t"] == 5


def test_without_acknowledgements_two_pictures_come_and_the_rest_is_dropped_where_they_are_made(url, states):
    with Eye(url.removeprefix("http://"), channel=THEIRS, acks=False) as eye:
        first, second = eye.until_picture(), eye.until_picture()
        assert eye.until_word("drop")["reason"]["slow viewer"] > 0
        assert len(eye.pictures) == 2
        eye.ack(second[1])
        third = eye.until_picture()
        assert first[1] < second[1] < third[1]
        # So few came over the hub: for two that were acknowledged there is room for two more.
        assert edge(states[0], EDGE).offered in (3, 4)
    eventually(lambda: states[1].fleet.figures()["views_given"] == 0, "the view has ended there")
    assert edge(states[1], "cam -> viewers").waiting == 0
    assert edge(states[0], EDGE).waiting == 0


def test_pictures_are_coded_once_for_all_who_look(url, states, monkeypatch):
    joined_places = []
    join = LiveHub.join

    def noted(self, key, looker):
        joined_places.append(join(self, key, looker))
        return joined_places[-1]

    monkeypatch.setattr(LiveHub, "join", noted)
    at = url.removeprefix("http://")
    with Eye(at, "?w=320", channel=THEIRS) as one, Eye(at, "?w=320", channel=THEIRS) as two:
        one.until_picture()
        two.until_picture()
        assert len(joined_places) == 2
        assert joined_places[0] is joined_places[1]


def test_a_station_that_stops_sends_its_viewers_elsewhere_away(url, states):
    with Eye(url.removeprefix("http://"), channel=THEIRS) as eye:
        eye.until_picture()
        states[1].stopping.set()
        with pytest.raises(ConnectionClosed) as closed:
            look_on(eye)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    eventually(lambda: THEIRS not in names(url), "it is gone, by its own word", 2)


def test_a_picture_that_the_hub_does_not_take_ends_the_view_and_says_why(url, monkeypatch):
    monkeypatch.setattr("rushes.wire.jet_fleet._WORD_BYTES", (8 << 20) - 1000)
    with Eye(url.removeprefix("http://"), channel=THEIRS) as eye:
        with pytest.raises(ConnectionClosed) as closed:
            look_on(eye)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert "smaller w" in closed.value.rcvd.reason


def look_on(eye):
    """For ever."""
    while True:
        eye.until_picture()


def edge(state, name):
    found = state.edges.get(name)
    assert found is not None
    return found.stats()


def test_what_another_station_recorded_is_seen_and_downloaded_in_parts(url, stations, tmp_path, monkeypatch):
    monkeypatch.setattr("rushes.server.fleet_desk.PART_BYTES", 4096)
    start_s = time.time() - 100
    record(stations[1], tmp_path / "archive", start_s=start_s)
    at = f"{url}/api/channels/{THEIRS}"
    eventually(lambda: get(f"{at}/spans")[0] == 200, "the archive is known")
    (span,) = told(f"{at}/spans")
    assert span["start"] == pytest.approx(start_s, abs=0.01)
    status, body, _ = get(f"{at}/at.jpg?t={start_s + 1.05}")
    assert (status, card(body)[0]) == (200, 10)
    status, body, _ = get(f"{at}/at.jpg?t={start_s + 50}")
    assert (status, json.loads(body)["before"]) == (404, pytest.approx(span["end"], abs=0.2))
    status, film, headers = get(f"{at}/export.mp4?from={start_s}&to={start_s + 3}")
    assert (status, headers["content-type"]) == (200, "video/mp4")
    assert len(film) > 3 * 4096
    with av.open(io.BytesIO(film), "r", format="mp4") as container:
        assert len(list(container.decode(video=0))) == 30


def test_a_shot_of_another_stations_channel_is_saved_here(url, tmp_path):
    order = Request(f"{url}/api/shots", data=json.dumps({"channel": THEIRS}).encode())
    with urlopen(order, timeout=20) as answer:
        guid = json.loads(answer.read())["guid"]
    done = eventually(lambda: (now := told(f"{url}/api/shots/{guid}"))["state"] == "success" and now, "saved")
    status, body, _ = get(f"{url}/api/shots/{guid}/file")
    assert (status, card(body)[0]) == (200, done["frame_number"])
    assert str(tmp_path / "south") in done["path"]


def test_a_shot_saver_of_this_station_takes_pictures_of_another(url):
    with ShotSaver(1, channels=url) as saver:
        taken = saver.handle(saver.get(THEIRS, callback=lambda data: None)).result(20)
    assert card(taken.data)[0] == taken.frame_number


def test_mjpeg_of_another_station_moves(url):
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(f"GET /api/channels/{THEIRS}/live.mjpg?fps=15 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        heard = b""
        while heard.count(b"\r\n--rushes-picture") < 4:
            more = line.recv(1 << 16)
            assert more
            heard += more
    numbers = [int(each) for each in re.findall(rb"X-Frame-Number: (\d+)", heard)]
    assert numbers == sorted(set(numbers))


def test_the_fleet_is_in_the_metrics(url):
    get(f"{url}/api/channels/{THEIRS}/frame.jpg")
    page = get(f"{url}/metrics")[1].decode()
    assert "rushes_fleet_hub_up 1.0" in page
    assert "rushes_fleet_stations 1.0" in page
    assert "rushes_fleet_requests_made 1.0" in page


def test_a_wish_that_cannot_be_met_is_refused_with_the_others_words(url):
    assert get(f"{url}/api/channels/{THEIRS}/frame.jpg?w=nonsense")[0] == 400
    status, body, _ = get(f"{url}/api/channels/{THEIRS}/at.jpg?t=5")
    assert (status, b"does not record" in body) == (404, True)
