"""The seam at which other stations join."""

from __future__ import annotations

import msgspec
import pytest

from rushes.errors import PeerGone, UnknownName
from rushes.server.answers import StationLink
from rushes.server.fleet import Fetched, Itself
from rushes.server.views import channels


class Two(Itself):
    """One more station, called "north", with a channel "cam"."""

    def __init__(self, state):
        super().__init__(state)
        self.state, self.asked, self.gone = state, [], False

    def list(self):
        return [*super().list(), StationLink(name="north", url="http://n:1", state="live", channels=["cam"])]

    def channels(self):
        own = channels_of(self.state)
        return [msgspec.structs.replace(own, name="cam_north", station="north")]

    def owner(self, channel):
        return ("north", "cam") if channel == "cam_north" else None

    async def fetch(self, station, path, gone=None, making=None):
        self.asked.append((station, path))
        if self.gone:
            raise PeerGone(f"{station} does not answer")
        return Fetched(200, {"content-type": "image/jpeg", "x-frame-number": "5"}, b"picture")


def channels_of(state):
    state.fleet, kept = Itself(state), state.fleet
    try:
        return channels(state)[0]
    finally:
        state.fleet = kept


@pytest.fixture
def fleet(state):
    state.fleet = Two(state)
    return state.fleet


def test_the_channels_of_all_stations_are_listed(client, fleet):
    told = client.get("/api/channels").json()
    assert [(each["name"], each["station"] == "north") for each in told] == [
        ("cam", False),
        ("cam_north", True),
    ]
    assert [each["name"] for each in client.get("/api/station").json()["stations"]][1] == "north"


def test_what_is_asked_of_anothers_channel_is_asked_there(client, station, fleet):
    answer = client.get("/api/channels/cam_north/frame.jpg?w=640&figures=1")
    assert (answer.content, answer.headers["x-frame-number"]) == (b"picture", "5")
    assert "content-security-policy" in answer.headers
    client.get("/api/channels/cam_north")
    assert fleet.asked == [
        ("north", "/api/channels/cam/frame.jpg?w=640&figures=1"),
        ("north", "/api/channels/cam"),
    ]
    station.put(1)
    assert client.get("/api/channels/cam/frame.jpg").status_code == 200
    assert len(fleet.asked) == 2


def test_a_station_that_does_not_answer_is_a_problem(client, fleet):
    fleet.gone = True
    answer = client.get("/api/channels/cam_north/spans")
    assert answer.status_code == 503
    assert "north" in answer.json()["error"]


def test_a_station_alone_asks_nobody(state):
    import asyncio

    assert state.fleet.owner("cam_north") is None
    with pytest.raises(UnknownName):
        asyncio.run(state.fleet.fetch("north", "/"))
