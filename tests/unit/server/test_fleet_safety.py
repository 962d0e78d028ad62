"""What a station at a hub does not do for others, whoever they are."""

from __future__ import annotations

import asyncio
import json
import os
import time

import pytest

from rushes.errors import AccessDenied
from rushes.server import fleet_desk, fleet_views
from rushes.server.fleet_words import (
    HERE,
    Answer,
    Get,
    Here,
    Look,
    Next,
    ask_subject,
    look_subject,
    unpacked,
    written,
)
from rushes.wire import hub_roles
from tests.support.fleets import by_hand, eventually, get, joined, names, told
from tests.support.nats_hub import client, hub, run
from tests.unit.server.live_help import Eye

SOUTH, NORTH = (f"{each}-{os.getpid()}" for each in ("south", "north"))
VIEW = "0" * 32


@pytest.fixture
def south(running, tmp_path):
    """(its URL, its state)"""
    with by_hand(SOUTH), joined(SOUTH, tmp_path / "south", running.url) as (url, state):
        eventually(lambda: get(f"{url}/api/channels/cam/frame.jpg")[0] == 200, "there is a picture")
        eventually(lambda: not state.fleet.trouble, "it has joined")
        yield url, state


def asked(running, subject: str, *words: bytes) -> list[bytes]:
    """What is answered to each, one after the other, by whoever listens there."""

    async def use() -> list[bytes]:
        async with client(running, running.credentials("station")) as connection:
            return [(await connection.request(subject, word, timeout=5)).data for word in words]

    return run(use())


def answer(running, state, word: object) -> tuple[Answer, bytes]:
    (data,) = asked(running, ask_subject(state.fleet.id), written(word))
    return unpacked(data)


@pytest.mark.parametrize(
    "path",
    [
        "/api/config",
        "/api/tokens",
        "/api/doctor",
        "/api/stats",
        "/api/jobs",
        "/api/station",
        "/metrics",
        "/",
        "/api/channels/../config",
        "/api/channels/%2e%2e/config",
        "/api/channels/cam/live.mjpg",
        "//api/config",
        "/api/channels/cam_elsewhere",
        "http://example/api/config",
        "",
    ],
)
def test_it_answers_only_what_is_of_its_channels(running, south, path):
    head, _ = answer(running, south[1], Get(path=path))
    assert head.status in (404, 405)


def test_it_shows_no_channel_but_its_own(running, south, tmp_path):
    url, state = south
    with by_hand(NORTH), joined(NORTH, tmp_path / "north", running.url):
        theirs = f"cam_{NORTH}"
        eventually(lambda: theirs in names(url), "it sees the north")
        head, body = answer(running, state, Get(path=f"/api/channels/{theirs}"))
        assert (head.status, json.loads(body)["kind"]) == (404, "UnknownName")
        wish = written(Look(view=VIEW, channel=theirs))
        (looked,) = asked(running, look_subject(state.fleet.id), wish)
        assert json.loads(looked)["status"] == 404


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"type":"post","path":"/"}', b"x" * 300_000])
def test_what_is_no_request_is_refused_and_nothing_ends(running, south, data):
    url, state = south
    (told_back,) = asked(running, ask_subject(state.fleet.id), data)
    assert unpacked(told_back)[0].status >= 400
    (looked,) = asked(running, look_subject(state.fleet.id), data)
    assert json.loads(looked)["status"] >= 400
    assert get(f"{url}/api/channels/cam/frame.jpg")[0] == 200


def test_answers_that_nobody_fetches_are_few_and_go(running, south, monkeypatch):
    monkeypatch.setattr(fleet_desk, "PART_BYTES", 64)
    monkeypatch.setattr(fleet_desk, "MOST_OPEN", 2)
    monkeypatch.setattr(fleet_desk, "_UNASKED_S", 1.0)
    state = south[1]
    wish = written(Get(path="/api/channels/cam/frame.jpg"))
    heads = [unpacked(each)[0] for each in asked(running, ask_subject(state.fleet.id), wish, wish, wish)]
    assert [each.status for each in heads] == [200, 200, 429]
    eventually(lambda: state.fleet.figures()["answers_open"] == 0, "they are given up")
    head, _ = answer(running, state, Next(token=heads[0].token))
    assert head.status == 400


def test_no_more_of_an_answer_is_made_than_was_asked_for():
    made = 0

    async def endless(scope, receive, send):
        nonlocal made
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while made < 1000:
            made += 1
            await send({"type": "http.response.body", "body": bytes(100), "more_body": True})

    async def use() -> list[int]:
        answering = fleet_desk._Answering("/", 100)
        answering.start(endless, lambda: None)
        counts = []
        for _ in range(3):
            _, part = await answering.part(5)
            assert len(part) == 100
            for _ in range(50):
                await asyncio.sleep(0)
            counts.append(made)
        answering.end()
        return counts

    counts = run(use())
    assert counts[-1] <= 5


def test_a_viewer_elsewhere_that_falls_silent_is_left(running, south, monkeypatch):
    monkeypatch.setattr(fleet_views, "SILENT_S", 0.5)
    state = south[1]
    (looked,) = asked(running, look_subject(state.fleet.id), written(Look(view=VIEW, channel="cam")))
    assert json.loads(looked)["status"] == 200
    eventually(lambda: state.fleet.figures()["views_given"] == 0, "nobody is shown anything")
    edge = state.edges.get("cam -> viewers")
    assert edge is not None
    assert edge.stats().waiting == 0


def test_two_of_one_name_are_told(running, south):
    url, _ = south

    async def use() -> None:
        async with client(running, running.credentials("station")) as connection:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                other = Here(
                    id="1" * 32,
                    name=SOUTH,
                    run="other",
                    begun=0,
                    started=0,
                    url="http://elsewhere:1",
                    state="live",
                    channels=[],
                )
                await connection.publish(HERE, written(other))
                await connection.publish(HERE, b"no station says this")
                await connection.flush()
                states = [each["state"] for each in told(f"{url}/api/station")["stations"]]
                if states == ["live", "conflict"]:
                    return
            raise AssertionError("nobody was told")

    run(use())
    assert any("http://elsewhere:1 is called" in each["text"] for each in told(f"{url}/api/station")["news"])


def test_with_keys_stations_see_each_other_and_others_are_kept_out(tmp_path):
    keys = tmp_path / "keys"
    hub_roles.new(keys)
    with (
        hub(tmp_path / "hub", keys=keys) as guarded,
        by_hand(SOUTH, NORTH),
        joined(SOUTH, tmp_path / "south", guarded.url, str(keys)) as (url, _),
        joined(NORTH, tmp_path / "north", guarded.url, str(keys)) as (_, _),
    ):
        theirs = f"cam_{NORTH}"
        eventually(lambda: theirs in names(url), "it sees the north")
        assert get(f"{url}/api/channels/{theirs}/frame.jpg")[0] == 200
        with Eye(url.removeprefix("http://"), channel=theirs) as eye:
            eye.until_picture()
        hub_roles.new(tmp_path / "wrong")
        with joined(f"{SOUTH}-x", tmp_path / "x", guarded.url, str(tmp_path / "wrong")) as (_, state):
            trouble = eventually(lambda: "keys=" in state.fleet.trouble and state.fleet.trouble, "it is told")
            assert "certificate" in trouble
    assert AccessDenied.__name__ not in trouble
