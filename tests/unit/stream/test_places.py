"""Frames that lie in a depot and are looked at where they lie: by workers, functions' processes and receivers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rushes.depot import Depot
from rushes.frame import Frame
from rushes.stream import Streamer
from rushes.stream import parcel as parcels
from rushes.stream.crew import Done
from rushes.stream.parcel import meta_of
from rushes.stream.places import Places, place_of
from rushes.stream.work.near_memory import Memory
from rushes.wire import near
from tests.support.crews import crew, parcel_of, unpacked

made_of: list[str] = []


@pytest.fixture
def memory() -> Iterator[Memory]:
    made_of.clear()
    memory = Memory(made_of.append)
    yield memory
    memory.close()


@pytest.fixture
def places() -> Iterator[Places]:
    places = Places(4)
    yield places
    places.leave()


def put(memory: Memory, number: int, payload: Any = None) -> near.Place:
    place = memory.put(near.Frame(9, number, 100 + number), payload or bytes([number % 256]) * 1000)
    assert place is not None
    return place


def looked_at(places: Places, place: near.Place) -> memoryview:
    view = places.look(place)
    assert view is not None
    return view


def shows_its_memory(frame: Frame) -> dict[str, Any]:
    """Whether nobody could write to it, and whose the memory is that it lies in."""
    base: Any = frame.array
    while getattr(base, "base", None) is not None or isinstance(base, memoryview):
        base = base.obj if isinstance(base, memoryview) else base.base
    return {
        "mean": float(frame.array.mean()),
        "writes": frame.array.flags.writeable,
        "kind": type(base).__name__,
    }


def test_a_payload_is_looked_at_where_it_lies_and_knows_its_place(memory: Memory, places: Places) -> None:
    place = put(memory, 7)
    view = looked_at(places, place)
    assert bytes(view) == bytes([7]) * 1000
    assert view.readonly
    assert place_of(view) == place
    assert place_of(view[:10]) is None
    assert place_of(b"bytes") is None
    assert made_of == [place.depot]


def test_memory_is_taken_for_as_many_frames_as_are_asked_for() -> None:
    with contextlib.closing(Memory(made_of.append, 3)) as memory:
        assert memory.slots == 3
        put(memory, 0, bytes(1 << 20))
        with Depot.attach(made_of[-1]) as depot:
            assert memory.slots == 3
            # A few more, for who still looks at one that was given back.
            assert depot.slots * depot.slot_bytes < 10 << 20


def test_frames_beyond_what_an_endpoint_allows_find_no_room() -> None:
    with Streamer("shm://narrow?hwm=3", mapreduce=True, when_full="drop_newest") as streamer:
        for _ in range(5):
            streamer.send(np.zeros((8, 8), np.uint8))
        told = streamer.stats()
    assert told.sent == 3
    assert told.dropped == {"full": 2}


def test_a_slot_that_is_looked_at_is_not_used_again(memory: Memory, places: Places) -> None:
    place = put(memory, 1)
    view = looked_at(places, place)
    memory.give_back(place)
    for number in range(2, 200):
        memory.give_back(put(memory, number))
    assert bytes(view) == bytes([1]) * 1000


def test_what_is_not_there_is_not_looked_at(memory: Memory, places: Places) -> None:
    place = put(memory, 1)
    gone = put(memory, 2)
    memory.give_back(gone)
    for number in range(3, 200):
        memory.give_back(put(memory, number))
    assert places.look(gone) is None
    assert places.look(near.Place(place.depot, 10**9, 10)) is None
    assert places.look(near.Place(place.depot, place.sequence, 1 << 40)) is None
    assert places.look(near.Place("no-such-depot", 0, 10)) is None
    assert places.look(near.Place("../../etc/passwd", 0, 10)) is None


def test_who_looks_at_many_gets_copies_that_know_their_place_too(memory: Memory, places: Places) -> None:
    views = [looked_at(places, put(memory, number)) for number in range(6)]
    assert [view[0] for view in views] == list(range(6))
    assert [place_of(view) is not None for view in views] == [True] * 6
    assert all(view.readonly for view in views)
    owners: list[Any] = [view.obj for view in views]
    assert [each.base is None for each in owners] == [False] * 4 + [True] * 2
    for number in range(6):
        memory.give_back(place_of(views[number]))  # type: ignore[arg-type]
    for number in range(300):
        memory.give_back(put(memory, number + 50))
    assert [view[0] for view in views] == list(range(6))


def test_what_lies_there_can_be_told_after_all(memory: Memory, places: Places) -> None:
    places.join(put(memory, 0).depot)
    for number in range(1, 4):
        put(memory, number)
    assert places.frames() == [near.Frame(9, number, 100 + number) for number in range(4)]


def test_larger_pictures_get_another_depot_and_the_old_one_goes_when_it_is_done_with(
    memory: Memory, places: Places
) -> None:
    small = put(memory, 1)
    view = looked_at(places, small)
    large = put(memory, 2, bytes(10_000_000))
    assert len(made_of) == 2
    assert looked_at(places, large).nbytes == 10_000_000
    assert bytes(view) == bytes([1]) * 1000
    assert memory.slots == 8
    memory.give_back(small)
    del view
    looked_at(places, put(memory, 3))
    assert len(made_of) == 2
    assert places.frames() == [near.Frame(9, 2, 102), near.Frame(9, 3, 103)]


def test_when_all_slots_are_kept_another_depot_is_made_and_then_none(memory: Memory) -> None:
    greedy = Places(10_000)
    kept: list[memoryview] = []
    refused = 0
    while refused < 400:
        place = memory.put(near.Frame(9, len(kept), len(kept)), b"x" * 1000)
        if place is None:
            refused += 1
            memory._stuck_s = -1e9 if refused % 2 else memory._stuck_s  # as if it had been so for long
            continue
        kept.append(looked_at(greedy, place))
        memory.give_back(place)
    assert len(made_of) == 4
    assert len(kept) == 4 * 69
    kept.clear()
    put(memory, 1)
    greedy.leave()


def test_the_process_of_a_function_looks_at_it_there_too(memory: Memory, places: Places) -> None:
    parcel, payload = parcel_of(np.full((40, 60, 3), 9, np.uint8))
    view = looked_at(places, put(memory, 1, payload))
    with crew(shows_its_memory) as (made, told):
        for task in range(3):
            made.submit(task, parcels.pack(parcel), view)
            answer = told.next()[1]
            assert isinstance(answer, Done)
            assert answer.payload is view
            data = meta_of(unpacked(answer)[0])
            assert (data["mean"], data["writes"]) == (9.0, False)
            assert data["kind"] not in ("bytes", "bytearray")


def test_a_process_that_cannot_look_there_is_sent_the_bytes(memory: Memory, places: Places) -> None:
    parcel, payload = parcel_of(np.full((40, 60, 3), 9, np.uint8))
    view = looked_at(places, put(memory, 1, payload))
    owner: Any = view.obj
    owner.place = near.Place("anon:1:1:" + "0" * 32, 0, view.nbytes)
    with crew(shows_its_memory) as (made, told):
        made.submit(1, parcels.pack(parcel), view)
        data = meta_of(unpacked(told.next()[1])[0])
        assert (data["mean"], data["kind"]) == (9.0, "bytearray")
