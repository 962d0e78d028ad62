"""What the page knows of recordings: what was found in them, and those in the cold store."""

from __future__ import annotations

import contextlib
import time

import pytest

from rushes import Archive, Box, Line
from rushes.errors import ArchiveError
from tests.support.web_jobs import ended

BOX, LINE = Box(0.25, 0.25, 0.5, 0.5), Line(((0.0, 0.0), (1.0, 1.0)))


@pytest.fixture
def recorded(station, tmp_path):
    start_s = round(time.time()) - 600.0
    station.record(tmp_path / "archive", start_s=start_s)
    return start_s


def test_when_figures_were_kept_is_told_and_which_where_few_seconds_are_asked_for(client, recorded, tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        for turn in range(5):
            at = recorded + 1 + turn * 0.2
            archive.add_figures("cam", at, at + 0.199999, [BOX] * (turn + 1))
        archive.add_figures("cam", recorded + 4, recorded + 4.5, [LINE])
    at = "/api/channels/cam/figures"
    found = client.get(f"{at}?from={recorded}&to={recorded + 5}").json()
    assert [(each["start"] - recorded, each["end"] - recorded) for each in found] == [
        pytest.approx((1, 2), abs=0.001),
        pytest.approx((4, 4.5), abs=0.001),
    ]
    assert [(each["count"], each["kinds"]) for each in found] == [(5, {"box": 5}), (1, {"line": 1})]
    assert [each["kind"] for each in found[0]["figures"]] == ["box"] * 5
    found = client.get(f"{at}?from={recorded - 50}&to={recorded + 50}").json()
    assert [set(each) for each in found] == [{"start", "end", "count", "kinds"}] * 2
    assert len(client.get(f"{at}?from={recorded - 50}&to={recorded + 50}&n=2").json()) == 1
    assert client.get(f"{at}?from={recorded - 50}&to={recorded - 40}").json() == []


@pytest.mark.parametrize("query", ["n=0", "n=2001", "n=x", "from=5&to=1"])
def test_what_cannot_be_asked_of_figures_is_refused(client, recorded, query):
    base = "" if "from" in query else "from=1&to=2&"
    assert client.get(f"/api/channels/cam/figures?{base}{query}").status_code == 400
    assert client.get("/api/channels/door/figures?from=1&to=2").status_code == 404


@pytest.fixture(scope="session", autouse=True)
def obstore_runs():
    """The library of the cold store keeps its threads and descriptors to the end: no single test leaves those."""
    with contextlib.suppress(ModuleNotFoundError):
        import obstore
        from obstore.store import MemoryStore

        obstore.put(MemoryStore(), "a", b"a")


@pytest.fixture
def cold(station, recorded, tmp_path):
    """A store that all of it moved to."""
    pytest.importorskip("obstore")
    place = tmp_path / "cold store"
    with Archive(tmp_path / "archive", max_bytes=1, min_free_bytes=0, cold=str(place)) as archive:
        archive.prune()
        assert archive.stats().cold_segments
    assert not list((tmp_path / "archive" / "segments").rglob("*.mp4"))
    station.show(cold=str(place))
    return place


def test_what_is_in_the_cold_store_is_seen_and_exported(client, recorded, cold):
    assert client.get("/api/channels/cam/spans").json()
    picture = client.get(f"/api/channels/cam/at.jpg?t={recorded + 2.05}")
    assert (picture.status_code, picture.headers["x-frame-number"]) == (200, "20")
    (thumb,) = client.get(f"/api/channels/cam/thumbs?from={recorded}&to={recorded + 5}&n=1").json()
    assert client.get(f"/api/channels/cam/at.jpg?t={thumb['t']}&exact=0&w=32").status_code == 200
    order = {"channel": "cam", "from": recorded, "to": recorded + 2}
    job = ended(client, client.post("/api/exports", json=order).json()["id"])
    assert job["state"] == "success", job
    assert client.get(job["file"]).content[4:8] == b"ftyp"


def test_a_cold_store_that_is_named_later_is_used_from_then_on(client, station, recorded, cold):
    station.show(cold=None)
    asked = f"/api/channels/cam/at.jpg?t={recorded + 2.05}"
    assert client.get(asked).status_code == 503
    station.show(cold=str(cold))
    assert client.get(asked).status_code == 200


def test_a_cold_store_that_refuses_is_a_problem_without_its_secrets(client, recorded, cold, monkeypatch):
    def gone(*args):
        raise ArchiveError("the store cannot give it")

    monkeypatch.setattr("rushes.archive.cold.ColdStore.read", gone)
    answer = client.get(f"/api/channels/cam/at.jpg?t={recorded + 2.05}")
    assert (answer.status_code, "cannot give" in answer.json()["error"]) == (503, True)
