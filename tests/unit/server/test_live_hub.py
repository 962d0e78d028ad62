"""How many renditions there are, and for how long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from rushes import Depot
from rushes.server import live_hub, live_link, live_socket
from rushes.server.live_hub import LiveHub
from rushes.server.rendition import Moment
from rushes.server.rendition_key import RenditionKey
from rushes.server.state import ServerState
from tests.unit.server.live_help import ByHand, Eye, Served, Stuck, running, served, until


@pytest.fixture
def station() -> Iterator[ByHand]:
    made = ByHand("by-hand")
    yield made
    made.close()


@pytest.fixture
def site(station: ByHand, tmp_path: Path) -> Iterator[Served]:
    with served(station, tmp_path) as made:
        yield made


def encoders() -> int:
    return sum(each.name.startswith("rushes-live-") for each in threading.enumerate())


def test_there_is_one_encoder_for_each_rendition_and_none_for_nobody(
    station: ByHand, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "_LINGER_S", 0.05)
    station.put()
    assert encoders() == 0
    with Eye(site.at) as one, Eye(site.at) as two, Eye(site.at, "?w=320") as small:
        for eye in (one, two, small):
            eye.until_picture()
        assert encoders() == 2
    until(lambda: encoders() == 0)


def test_who_comes_back_soon_finds_the_encoder_that_was_kept(station: ByHand, site: Served) -> None:
    station.put()
    for _ in range(3):
        with Eye(site.at, "?codec=h264") as eye:
            eye.until_picture()
        assert encoders() == 1


class Nobody:
    """A looker that counts."""

    def __init__(self) -> None:
        self.pictures = 0

    def show(self, moment: Moment) -> bool:
        self.pictures += moment.picture is not None
        return False


def test_nothing_is_coded_for_a_rendition_that_is_only_kept(station: ByHand, tmp_path: Path) -> None:
    async def look(state: ServerState) -> tuple[int, int]:
        hub, looker = LiveHub(state), Nobody()
        place = hub.join(RenditionKey("cam"), looker)
        await asyncio.to_thread(until, lambda: looker.pictures >= 2)
        hub.leave(place, looker)
        await asyncio.sleep(0.2)  # one that is under way may still be made
        assert place.rendition is not None
        before, here = place.rendition.coded, station.number
        await asyncio.to_thread(until, lambda: station.number > here + 6)
        after = place.rendition.coded
        hub.stop()
        return before, after

    with running(station), ServerState(station.name, bind="127.0.0.1:1", data=tmp_path) as state:
        before, after = asyncio.run(look(state))
    assert before == after


def test_a_depot_that_was_cleared_is_waited_for_quietly(
    station: ByHand, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    depot = site.state.depot

    def counted(channel: str) -> Depot | None:
        asked.append(channel)
        return depot(channel)

    monkeypatch.setattr(site.state, "depot", counted)
    station.put()
    station.depot.clear()
    with Eye(site.at) as eye:
        until(lambda: len(asked) > 1)
        before = len(asked)
        threading.Event().wait(0.5)
        # Every tenth of a second, not as often as it can.
        assert len(asked) - before < 20
        station.put()
        assert eye.until_picture()[1] == 1


def test_one_that_takes_nothing_does_not_make_the_stream_large_for_others(
    station: ByHand, site: Served
) -> None:
    with running(station), Eye(site.at, "?codec=h264", acks=False), Eye(site.at, "?codec=h264") as eye:
        eye.until_picture()
        flags = [eye.until_picture()[0] for _ in range(30)]
        # One for the group of two seconds, and what the beginning of both asked for.
        assert sum(each & 1 for each in flags) <= 3


def test_no_more_renditions_than_the_machine_can_bear(
    station: ByHand, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "MAX_RENDITIONS", 1)
    station.put()
    with Eye(site.at) as eye:
        eye.until_picture()
        with Eye(site.at, "?w=320") as other, pytest.raises(ConnectionClosed, match="1013"):
            other.until_word("never")
        with Eye(site.at) as same:
            same.until_picture()


def test_a_viewer_with_a_slow_link_is_told_of_h264(
    station: ByHand, site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_link, "_WINDOW_S", 0.5)
    monkeypatch.setattr(live_socket, "_TICK_S", 0.1)
    far = Stuck(site, acks=False)
    with running(station):
        until(lambda: site.state.edges.get("cam -> viewers") is not None)
        edge = site.state.edges.get("cam -> viewers")
        assert edge is not None
        until(lambda: edge.stats().dropped.get("slow viewer", 0) > 40)
    far.socket.settimeout(5)
    came = b""
    while b'"switch"' not in came:
        came = came[-20:] + far.socket.recv(1 << 16)
    far.close()
