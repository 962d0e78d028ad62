"""The board that a running station shows."""

from __future__ import annotations

import os

import numpy as np
import pytest

from rushes import Depot
from rushes.errors import BadMessage, DepotError, UnknownName
from rushes.station.board import Board, BoardReader, BoardWriter, ChannelState, running_stations
from rushes.station.boarding import shown_cold


@pytest.fixture
def name():
    return f"board-test-{os.getpid()}"


def board(name, now_ns=2, **fields):
    return Board(station=name, pid=os.getpid(), started_ns=1, now_ns=now_ns, **fields)


def test_what_is_shown_is_read(name):
    writer = BoardWriter(name)
    try:
        reader = BoardReader(name)
        assert reader.read() is None
        for now_ns in range(10):
            shown = board(
                name, now_ns, channels=(ChannelState(name="front", source="screen:", state="live"),)
            )
            writer.show(shown)
            assert reader.read() == shown
        assert name in [each.station for each in running_stations()]
        reader.close()
    finally:
        writer.close()
    assert name not in [each.station for each in running_stations()]


def test_there_is_none_without_a_station(name):
    with pytest.raises(UnknownName):
        BoardReader(name)


def test_a_second_station_of_a_name_is_refused(name):
    writer = BoardWriter(name)
    try:
        with pytest.raises(DepotError):
            BoardWriter(name)
    finally:
        writer.close()


def test_a_depot_that_holds_something_else_is_no_board(name):
    with Depot.create(f"{name}-board", slots=2, shape=(4,)) as depot:
        depot.put(np.zeros(4, np.uint8))
        reader = BoardReader(name)
        with pytest.raises(BadMessage):
            reader.read()
        reader.close()
        assert name not in [each.station for each in running_stations()]
        depot.unlink()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (None, None),
        ("s3://bucket/yard", "s3://bucket/yard"),
        ("file:///srv/cold", "file:///srv/cold"),
        ("/srv/cold", "/srv/cold"),
        ("cold", os.path.abspath("cold")),
        ("memory://", None),
        ("s3://key:secret@bucket/yard", None),
        ("s3://bucket/yard?secret=1", None),
    ],
)
def test_the_address_of_the_cold_store_is_shown_as_others_can_use_it_and_no_secret(address, shown):
    assert shown_cold(address) == shown
