from __future__ import annotations

import time
from pathlib import Path

import pytest

from rushes.codecs import jpeg
from tests.support.web_jobs import ended


@pytest.fixture
def recorded(station, tmp_path):
    start_s = round(time.time()) - 60.0
    station.record(tmp_path / "archive", start_s=start_s)
    return start_s


def test_a_shot_of_now_becomes_a_file(client, station, tmp_path):
    station.put(5, luma=180)
    answer = client.post("/api/shots", json={"channel": "cam", "file_name": "{channel.name}.jpg"})
    assert answer.status_code == 202
    told = answer.json()
    assert set(told) >= {"guid", "path", "state"}
    job = ended(client, told["guid"])
    assert job["state"] == "success", job
    assert Path(job["path"]) == tmp_path / "data" / "shots" / "cam.jpg"
    assert job["bytes"] == Path(job["path"]).stat().st_size
    shot = client.get(f"/api/shots/{told['guid']}").json()
    assert shot["frame_number"] == 5
    for address in (job["file"], f"/api/shots/{told['guid']}/file"):
        assert client.get(address).content == Path(job["path"]).read_bytes()
    assert jpeg.read_size(client.get(job["file"], params={"w": 32}).content) == (21, 32)
    assert client.get(job["thumb"]).headers["content-type"] == "image/jpeg"


def test_a_shot_of_then_is_the_frame_of_then(client, recorded):
    guid = client.post("/api/shots", json={"channel": "cam", "t": recorded + 2.05}).json()["guid"]
    assert ended(client, guid)["state"] == "success"
    assert client.get(f"/api/shots/{guid}").json()["frame_number"] == 20


def test_figures_are_drawn_into_a_shot(client, station):
    station.mark(station.put(1))
    guid = client.post("/api/shots", json={"channel": "cam", "figures": True}).json()["guid"]
    assert ended(client, guid)["state"] == "success"
    drawn = jpeg.decode(client.get(f"/api/shots/{guid}/file").content, "bgr24").astype(int)
    assert (drawn[32, 22:28, 2] - drawn[32, 22:28, 0]).max() > 40


def test_a_shot_that_fails_says_why_and_what_to_do(client, recorded):
    guid = client.post("/api/shots", json={"channel": "cam", "t": recorded - 5000}).json()["guid"]
    job = ended(client, guid)
    assert job["state"] == "error"
    assert "recorded" in job["error"]
    assert job["remedy"]
    assert client.get(f"/api/shots/{guid}/file").status_code == 404
    again = client.post(f"/api/jobs/{guid}/retry")
    assert again.status_code == 202
    assert again.json()["id"] != guid
    assert ended(client, again.json()["id"])["state"] == "error"


@pytest.mark.parametrize("name", ["../../etc/x.jpg", "/etc/x.jpg", "..\\..\\x.jpg", "a/../../../x.jpg"])
def test_no_name_leads_out_of_the_folder(client, station, tmp_path, name):
    station.put(1)
    job = ended(client, client.post("/api/shots", json={"channel": "cam", "file_name": name}).json()["guid"])
    assert job["state"] == "success"
    assert Path(job["path"]).resolve().is_relative_to(tmp_path / "data" / "shots")


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"channel": 5}', '{"channel": "cam", "path": "/x"}', '{"t": 1}']
)
def test_a_body_that_makes_no_sense_is_refused(client, body):
    assert client.post("/api/shots", content=body).status_code == 400


def test_an_unknown_channel_is_no_shot(client):
    assert client.post("/api/shots", json={"channel": "door"}).status_code == 404
    assert client.get("/api/jobs").json() == []


def test_a_cancelled_shot_ends_cancelled(client, station):
    station.channel(depot="")  # it waits for a picture that never comes
    guid = client.post("/api/shots", json={"channel": "cam"}).json()["guid"]
    assert client.delete(f"/api/shots/{guid}").status_code == 204
    assert ended(client, guid)["state"] == "cancelled"
    assert client.delete(f"/api/shots/{guid}").status_code == 204
    assert client.delete("/api/shots/nobody").status_code == 404


def test_shots_on_their_way_are_bounded_and_old_ones_forgotten(client, station, monkeypatch):
    monkeypatch.setattr("rushes.server.shot_desk._MOST_WAITING", 3)
    monkeypatch.setattr("rushes.server.shot_desk._KEPT", 5)
    station.channel(depot="")
    waiting = [client.post("/api/shots", json={"channel": "cam"}) for _ in range(4)]
    assert [each.status_code for each in waiting] == [202, 202, 202, 429]
    assert waiting[3].json()["remedy"]
    for each in waiting[:3]:
        client.delete(f"/api/shots/{each.json()['guid']}")
    station.channel(depot=station.depot.name)
    station.put(1)
    for _ in range(6):
        ended(client, client.post("/api/shots", json={"channel": "cam"}).json()["guid"])
    assert len(client.get("/api/shots").json()) <= 6
