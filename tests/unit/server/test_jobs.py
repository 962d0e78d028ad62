from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from rushes.codecs import jpeg


def ended(client, id):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        job = client.get(f"/api/jobs/{id}").json()
        if job["state"] in ("success", "error", "cancelled"):
            return job
        time.sleep(0.02)
    pytest.fail(f"{id} has not ended: {job}")


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


@pytest.mark.parametrize("format", ["mp4", "gif"])
def test_an_export_is_made_counted_and_fetched(client, recorded, format):
    order = {"channel": "cam", "from": recorded + 1, "to": recorded + 3, "format": format}
    answer = client.post("/api/exports", json=order)
    assert answer.status_code == 202
    job = ended(client, answer.json()["id"])
    assert job["state"] == "success", job
    assert job["progress"] == 1.0
    assert (job["from"], job["to"]) == (recorded + 1, recorded + 3)
    file = client.get(job["file"])
    assert len(file.content) == job["bytes"] > 0
    assert f".{format}" in file.headers["content-disposition"]
    assert client.get(job["thumb"]).status_code == 200
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert client.get(job["file"]).status_code == 404
    assert not Path(job["path"]).exists()


def test_a_part_of_an_export_can_be_asked_for(client, recorded):
    order = {"channel": "cam", "from": recorded, "to": recorded + 3}
    job = ended(client, client.post("/api/exports", json=order).json()["id"])
    part = client.get(job["file"], headers={"Range": "bytes=4-7"})
    assert part.status_code == 206
    assert part.content == b"ftyp"


def test_an_export_of_nothing_is_an_error_with_a_remedy(client, recorded):
    order = {"channel": "cam", "from": recorded - 500, "to": recorded - 400}
    job = ended(client, client.post("/api/exports", json=order).json()["id"])
    assert job["state"] == "error"
    assert job["remedy"]
    again = client.post(f"/api/jobs/{job['id']}/retry").json()
    assert ended(client, again["id"])["state"] == "error"


def test_orders_of_exports_that_cannot_be(client, recorded):
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    assert client.post("/api/exports", json={**order, "to": recorded - 1}).status_code == 400
    assert client.post("/api/exports", json={**order, "format": "avi"}).status_code == 400
    assert client.post("/api/exports", json={**order, "figures": True}).status_code == 400
    assert client.post("/api/exports", json={**order, "channel": "door"}).status_code == 404


@pytest.mark.parametrize(("format", "magic"), [("mp4", b"ftyp"), ("gif", b"GIF8"), ("webp", b"RIFF")])
def test_a_stretch_is_downloaded_and_nothing_of_it_stays(client, recorded, state, format, magic):
    answer = client.get(f"/api/channels/cam/export.{format}?from={recorded}&to={recorded + 2}")
    assert answer.status_code == 200
    assert magic in answer.content[:12]
    assert "attachment" in answer.headers["content-disposition"]
    assert list((state.data / "exports").iterdir()) == []
    assert client.get("/api/jobs").json() == []
    assert (
        client.get(f"/api/channels/cam/export.{format}?from={recorded - 9}&to={recorded - 8}").status_code
        == 404
    )
    assert client.get(f"/api/channels/cam/export.avi?from={recorded}&to={recorded + 2}").status_code == 404


def test_an_export_can_be_cancelled_while_it_runs_and_few_may_wait(client, recorded, state, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slow(self, *args, progress, cancel, **more):
        progress(1, 4)
        begun.set()
        cancel.wait(20)
        go_on.wait(20)
        raise OSError("cancelled, so nobody hears of this")

    monkeypatch.setattr("rushes.archive.Archive.export", slow)
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    first = client.post("/api/exports", json=order).json()["id"]
    assert begun.wait(10)
    assert client.get(f"/api/jobs/{first}").json()["progress"] == 0.25
    waiting = [client.post("/api/exports", json=order) for _ in range(21)]
    assert {each.status_code for each in waiting[:20]} == {202}
    assert waiting[20].status_code == 429
    assert client.delete(f"/api/jobs/{first}").status_code == 204
    assert client.get(f"/api/jobs/{first}").json()["state"] == "cancelled"
    go_on.set()
    for each in waiting[:20]:
        client.delete(f"/api/jobs/{each.json()['id']}")


def test_what_an_earlier_process_left_is_removed(client, recorded, state):
    folder = state.data / "exports"
    folder.mkdir(parents=True)
    (folder / "x0123456789abcdef.mp4").write_bytes(b"old")
    (folder / "mine.txt").write_bytes(b"not an export")
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    ended(client, client.post("/api/exports", json=order).json()["id"])
    names = {each.name for each in folder.iterdir()}
    assert "x0123456789abcdef.mp4" not in names
    assert "mine.txt" in names


def test_a_full_disk_is_said_before_it_is_filled(client, recorded, monkeypatch):
    monkeypatch.setattr("rushes.server.exports._FREE_BYTES", 1 << 62)
    answer = client.post("/api/exports", json={"channel": "cam", "from": recorded, "to": recorded + 1})
    assert answer.status_code == 503
    assert answer.json()["kind"] == "DiskFull"


def test_old_exports_make_room_for_new_ones(client, recorded, monkeypatch):
    monkeypatch.setattr("rushes.server.exports._KEPT", 2)
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    ids = []
    for _ in range(4):
        ids.append(client.post("/api/exports", json=order).json()["id"])
        ended(client, ids[-1])
    assert [each["id"] for each in client.get("/api/jobs").json()] == ids[:1:-1]


def test_the_end_of_the_process_ends_an_export_that_runs(client, recorded, state, monkeypatch):
    begun, told = threading.Event(), threading.Event()

    def slow(self, *args, progress, cancel, **more):
        begun.set()
        if cancel.wait(20):
            told.set()

    monkeypatch.setattr("rushes.archive.Archive.export", slow)
    client.post("/api/exports", json={"channel": "cam", "from": recorded, "to": recorded + 1})
    assert begun.wait(10)
    state.close()
    assert told.wait(10)


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
