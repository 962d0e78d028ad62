"""Stretches of recordings ordered as files."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import re
import threading
import time
from datetime import datetime
from pathlib import Path

import av
import pytest

from rushes import Archive, Box
from rushes.server.export_names import file_name, is_file_name
from rushes.server.fleet import Fetched, Itself
from tests.support.web_jobs import ended


@pytest.fixture
def recorded(station, tmp_path):
    start_s = round(time.time()) - 60.0
    station.record(tmp_path / "archive", start_s=start_s)
    return start_s


def clock(seconds):
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"


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
    name = Path(job["path"]).name
    assert re.fullmatch(rf"cam_[\d-]{{10}}_[\d-]{{8}}--[\d-]{{8}}\.{format}", name)
    assert name in file.headers["content-disposition"]
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
    assert (
        f"cam: nothing was recorded from {clock(recorded - 500)} to {clock(recorded - 400)}" in job["error"]
    )
    assert f"the nearest recording begins at {clock(recorded)}" in job["remedy"]
    assert (job["thumb"], job["file"]) == (None, None)
    again = client.post(f"/api/jobs/{job['id']}/retry").json()
    assert ended(client, again["id"])["state"] == "error"


def test_orders_of_exports_that_cannot_be(client, recorded):
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    assert client.post("/api/exports", json={**order, "to": recorded - 1}).status_code == 400
    assert client.post("/api/exports", json={**order, "format": "avi"}).status_code == 400
    assert client.post("/api/exports", json={**order, "channel": "door"}).status_code == 404


@pytest.mark.parametrize(("format", "magic"), [("mp4", b"ftyp"), ("gif", b"GIF8"), ("webp", b"RIFF")])
def test_a_stretch_is_downloaded_and_nothing_of_it_stays(client, recorded, state, format, magic):
    answer = client.get(f"/api/channels/cam/export.{format}?from={recorded}&to={recorded + 2}")
    assert answer.status_code == 200
    assert magic in answer.content[:12]
    assert "cam_2" in answer.headers["content-disposition"]
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
    old = [
        "cam_2026-11-21_10-00-00--10-05-00.mp4",
        ".a b_2026-11-21_10-00-00--2026-11-22_10-05-00 (2).gif.new",
    ]
    for name in old:
        (folder / name).write_bytes(b"old")
    (folder / "mine.txt").write_bytes(b"not an export")
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    ended(client, client.post("/api/exports", json=order).json()["id"])
    names = {each.name for each in folder.iterdir()}
    assert not names & set(old)
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


def reddest(data):
    """The reddest place of each picture of a film."""
    with av.open(io.BytesIO(data), "r", format="mp4") as film:
        pictures = [each.to_ndarray(format="rgb24").astype(int) for each in film.decode(video=0)]
    return [(each[..., 0] - each[..., 2]).max() for each in pictures]


def test_figures_are_drawn_into_an_export(client, recorded, tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        box = Box(0.25, 0.25, 0.5, 0.5, color="#ff0000")
        archive.add_figures("cam", recorded + 2, recorded + 2.95, [box])
    order = {"channel": "cam", "from": recorded + 1, "to": recorded + 3.95}
    job = ended(client, client.post("/api/exports", json={**order, "figures": True}).json()["id"])
    assert (job["state"], job["progress"]) == ("success", 1.0)
    for made in (
        client.get(job["file"]).content,
        client.get(f"/api/channels/cam/export.mp4?from={order['from']}&to={order['to']}&figures=1").content,
    ):
        red = reddest(made)
        assert len(red) == 30
        assert [turn for turn, each in enumerate(red) if each > 60] == list(range(10, 20))
    again = ended(client, client.post(f"/api/jobs/{job['id']}/retry").json()["id"])
    assert max(reddest(client.get(again["file"]).content)) > 60


def test_exports_of_the_same_stretch_have_names_of_their_own(client, recorded):
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    jobs = [ended(client, client.post("/api/exports", json=order).json()["id"]) for _ in range(3)]
    stems = [Path(job["path"]).stem for job in jobs]
    assert stems[1:] == [f"{stems[0]} (2)", f"{stems[0]} (3)"]
    assert all(job["id"] not in job["path"] for job in jobs)


@pytest.mark.parametrize(
    "channel", ["cam", "../../etc", "a/b\\c:d", "con", "Tür " * 40, "x\0y", "a_b--c (2)"]
)
@pytest.mark.parametrize("lasts", [1.0, 90000.0])
def test_the_name_of_an_export_is_one_that_every_file_system_takes(channel, lasts):
    name = file_name(channel, 1_763_700_000.0, 1_763_700_000.0 + lasts, "mp4")
    assert len(f".{name} (99).new".encode()) < 255
    assert not set(name) & set('/\\<>:"|?*\0')
    assert is_file_name(name)
    assert is_file_name(file_name(channel, 0.0, lasts, "gif", 2))
    assert is_file_name(f".{name}.new")
    assert not any(is_file_name(other) for other in ("mine.mp4", "holiday_2026-11-21.mp4", f"{name}.txt"))


def test_a_stretch_that_ends_in_a_pause_has_a_small_picture_all_the_same(client, recorded):
    order = {"channel": "cam", "from": recorded + 4, "to": recorded + 40}
    job = ended(client, client.post("/api/exports", json=order).json()["id"])
    assert client.get(job["thumb"]).status_code == 200


def test_a_disk_that_fills_up_is_told_with_what_to_do(client, recorded, monkeypatch):
    def full(self, *args, **more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x")

    monkeypatch.setattr("rushes.archive.Archive.export", full)
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    job = ended(client, client.post("/api/exports", json=order).json()["id"])
    assert "no room for cam_" in job["error"]
    assert "delete exports" in job["remedy"]


def test_without_a_moment_that_has_a_picture_there_is_no_small_picture(client, recorded, monkeypatch):
    monkeypatch.setattr("rushes.server.exports.middle_s", lambda spans: None)
    order = {"channel": "cam", "from": recorded, "to": recorded + 1}
    job = ended(client, client.post("/api/exports", json=order).json()["id"])
    assert (job["state"], job["thumb"]) == ("success", None)


class Away(Itself):
    """Knows another station's channel, on a loop that does not run."""

    def __init__(self, state, loop):
        super().__init__(state)
        self.loop, self.asked = loop, threading.Event()

    def owner(self, channel):
        return ("north", "cam") if channel == "cam_north" else None

    def fetch(self, *asked):
        self.asked.set()
        return self.answer()

    async def answer(self):
        return Fetched(200, {}, b"")


@pytest.mark.parametrize("how", ["none", "closed", "closed later"])
def test_an_export_from_elsewhere_ends_with_the_loop_that_it_is_fetched_on(client, state, how):
    loop = None if how == "none" else asyncio.new_event_loop()
    try:
        if loop is not None and how == "closed":
            loop.close()
        state.fleet = Away(state, loop)
        id = client.post("/api/exports", json={"channel": "cam_north", "from": 1, "to": 2}).json()["id"]
        if loop is not None:
            assert state.fleet.asked.wait(20)
            loop.close()
        job = ended(client, id)
    finally:
        if loop is not None:
            loop.close()
    assert (job["state"], "stops" in job["error"]) == ("error", True)
