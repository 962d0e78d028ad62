from __future__ import annotations

import asyncio
import os
import time

import pytest

from rushes import Depot
from rushes.errors import ClosedError, QueueFull, SourceUnavailable, UnknownName
from rushes.server.state import ServerState
from rushes.station.board import BoardWriter
from rushes.testing import ManualClock
from tests.support.waiting import eventually
from tests.support.web_station import WebStation


def test_a_station_that_does_not_run_is_said_to_be_unavailable(tmp_path):
    with (
        ServerState("nobody", bind="127.0.0.1:1", data=tmp_path) as state,
        pytest.raises(SourceUnavailable, match="rushes up"),
    ):
        state.board()


def test_a_board_that_comes_later_is_found(tmp_path):
    name = f"late-{os.getpid()}"
    with ServerState(name, bind="127.0.0.1:1", data=tmp_path) as state:
        with pytest.raises(SourceUnavailable):
            state.board()
        with WebStation(name):
            assert eventually(lambda: _board(state)).station == name


def test_a_change_of_the_board_is_seen(state, station):
    assert state.channel("cam").state == "live"
    station.channel(state="late", why="slow")
    assert eventually(lambda: state.channel("cam").state == "late")


def test_the_board_of_a_station_that_was_started_again_is_read(state, station):
    station.show(now_ns=time.time_ns() - 10**11)
    assert state.board().station == station.name
    station.writer.close()
    station.writer = BoardWriter(station.name)
    station.show(web="http://again")
    assert eventually(lambda: state.board().web == "http://again")


def test_the_board_is_read_ten_times_a_second_at_most(station, tmp_path):
    clock = ManualClock()
    with ServerState(station.name, bind="127.0.0.1:1", data=tmp_path, clock=clock) as state:
        assert state.board().web == ""
        station.show(web="http://later")
        clock.advance(0.09)
        assert state.board().web == ""
        clock.advance(0.02)
        assert state.board().web == "http://later"


def test_an_unknown_channel_is_told_with_those_there_are(state):
    with pytest.raises(UnknownName, match="'cam'"):
        state.channel("door")


def test_a_replaced_depot_is_joined_anew_and_the_old_handle_closed(state, station):
    station.put(1)
    first = state.depot("cam")
    assert first is not None
    assert state.depot("cam") is first
    station.depot.unlink()
    station.depot.close()
    station.depot = Depot.create(station.depot.name, slots=8, shape=(96, 96))
    station.put(2)
    second = state.depot("cam")
    assert second is not None
    with second.newest() as lease:
        assert lease.number == 2
    with pytest.raises(ClosedError):
        first.newest()


def test_a_channel_without_a_depot_has_none(state, station):
    station.channel(depot="", figures="")
    assert eventually(lambda: state.depot("cam") is None)
    assert state.figures("cam") is None


def test_too_many_calls_at_once_are_refused(state):
    import threading

    hold = threading.Event()

    async def storm():
        calls = [asyncio.ensure_future(state.call(hold.wait, 20)) for _ in range(200)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        hold.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(storm())
    refused = [each for each in answers if isinstance(each, QueueFull)]
    assert refused
    assert len(refused) + sum(each is True for each in answers) == 200


def _board(state):
    try:
        return state.board()
    except SourceUnavailable:
        return None
