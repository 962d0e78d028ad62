"""Exports of another station's channel, over a real hub: made there, kept here."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from pathlib import Path
from urllib.request import Request, urlopen

import av
import numpy as np
import pytest

from rushes import Archive, Box
from rushes.errors import PeerGone
from rushes.testing import read_card
from tests.support.fleets import by_hand, eventually, get, joined, names, record, told

SOUTH, NORTH = (f"{each}-{os.getpid()}" for each in ("south-x", "north-x"))
THEIRS = f"cam_{NORTH}"


@pytest.fixture
def start_s():
    return round(time.time()) - 100.0


@pytest.fixture
def states():
    return []


@pytest.fixture
def url(running, states, start_s, tmp_path):
    """The south's page; the north has recorded three seconds."""
    with (
        by_hand(SOUTH, NORTH) as stations,
        joined(SOUTH, tmp_path / "south", running.url) as (south, of_south),
        joined(NORTH, tmp_path / "north", running.url) as (_, of_north),
    ):
        states += [of_south, of_north]
        record(stations[1], tmp_path / "archive", start_s=start_s)
        eventually(lambda: THEIRS in names(south), "the south sees the north")
        eventually(lambda: get(f"{south}/api/channels/{THEIRS}/spans")[0] == 200, "the archive is known")
        yield south


def order(url, **more):
    body = json.dumps({"channel": THEIRS, **more}).encode()
    with urlopen(Request(f"{url}/api/exports", data=body), timeout=20) as answer:
        assert answer.status == 202
        return json.loads(answer.read())["id"]


def ended(url, id):
    over = ("success", "error", "cancelled")
    return eventually(lambda: (job := told(f"{url}/api/jobs/{id}"))["state"] in over and job, "it ends")


def pictures(path):
    with av.open(io.BytesIO(Path(path).read_bytes()), "r", format="mp4") as film:
        return [each.to_ndarray(format="rgb24") for each in film.decode(video=0)]


def test_it_is_made_there_and_kept_here(url, start_s, states, tmp_path, monkeypatch):
    monkeypatch.setattr("rushes.server.fleet_desk.PART_BYTES", 4096)
    job = ended(url, order(url, **{"from": start_s, "to": start_s + 3}))
    assert (job["state"], job["progress"], job["channel"]) == ("success", 1.0, THEIRS)
    path = Path(job["path"])
    assert path.parent == tmp_path / "south" / "exports"
    assert path.name.startswith(f"{THEIRS}_2")
    assert path.stat().st_size == job["bytes"] > 3 * 4096
    cards = [read_card(each) for each in pictures(path)]
    assert [card and card[0] for card in cards] == list(range(30))
    assert get(f"{url}{job['file']}")[1] == path.read_bytes()
    assert get(f"{url}{job['thumb']}")[0] == 200
    assert list((tmp_path / "north" / "exports").iterdir()) == []
    assert list(path.parent.iterdir()) == [path]
    assert states[1].fleet.figures()["answers_open"] == 0
    again = Request(f"{url}/api/jobs/{job['id']}/retry", method="POST")
    with urlopen(again, timeout=20) as answer:
        assert ended(url, json.loads(answer.read())["id"])["state"] == "success"


def test_its_figures_are_drawn_there_and_told_here(url, start_s, tmp_path):
    with Archive(tmp_path / "archive", min_free_bytes=0) as archive:
        archive.add_figures("cam", start_s, start_s + 1, [Box(0.25, 0.25, 0.5, 0.5)])
    (span,) = told(f"{url}/api/channels/{THEIRS}/figures?from={start_s}&to={start_s + 3}&n=50")
    assert (span["count"], span["kinds"], len(span["figures"])) == (1, {"box": 1}, 1)
    wanted = {"from": start_s, "to": start_s + 0.5}
    plain, drawn = (ended(url, order(url, **wanted, figures=each))["path"] for each in (False, True))
    off = np.abs(pictures(plain)[2].astype(int) - pictures(drawn)[2].astype(int))
    assert off.max() > 60


def test_what_the_other_station_says_against_it_is_told(url, start_s):
    job = ended(url, order(url, **{"from": start_s - 50, "to": start_s - 40}))
    assert (job["state"], job["thumb"], job["file"]) == ("error", None, None)
    assert "nothing was recorded from" in job["error"]
    assert "begins at" in job["remedy"]


def test_progress_is_passed_on_and_nobody_makes_what_is_cancelled(url, start_s, states, monkeypatch):
    begun, told_to_stop = threading.Event(), threading.Event()

    def slow(self, *args, progress, cancel, **more):
        progress(1, 2)
        begun.set()
        if cancel.wait(20):
            told_to_stop.set()
        raise OSError("cancelled, so nobody hears of this")

    monkeypatch.setattr("rushes.archive.Archive.export", slow)
    id = order(url, **{"from": start_s, "to": start_s + 1})
    assert begun.wait(10)
    eventually(lambda: told(f"{url}/api/jobs/{id}")["progress"] == 0.25, "half of it is made there")
    with urlopen(Request(f"{url}/api/jobs/{id}", method="DELETE"), timeout=20):
        assert told_to_stop.wait(10)
    assert ended(url, id)["state"] == "cancelled"
    eventually(lambda: states[1].fleet.figures()["answers_open"] == 0, "it is given up there")


async def breaks(more):
    await anext(more)
    raise PeerGone("the hub is away")


async def ends_early(more):
    await anext(more)


@pytest.mark.parametrize(("fault", "said"), [(breaks, "the hub is away"), (ends_early, "sent 4096 of ")])
def test_a_file_that_does_not_come_whole_is_none(url, start_s, tmp_path, monkeypatch, fault, said):
    monkeypatch.setattr("rushes.server.fleet_desk.PART_BYTES", 4096)
    monkeypatch.setattr("rushes.server.fleet_exports._next", fault)
    job = ended(url, order(url, **{"from": start_s, "to": start_s + 3}))
    assert (job["state"], said in job["error"]) == ("error", True)
    assert f"station {NORTH}" in job["remedy"]
    assert list((tmp_path / "south" / "exports").iterdir()) == []
