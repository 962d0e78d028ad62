"""The newest second of a channel that is being recorded: the right picture is waited for."""

from __future__ import annotations

import threading

import pytest

from rushes.archive.reader import Reader
from rushes.testing import ManualClock
from tests.unit.archive.store import Store, moment, number_of


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def reader(store, live, **options):
    return Reader(store.index, store.fetch, live, **options)


def test_while_it_is_recorded_the_right_answer_is_waited_for(store):
    store.add(range(10), close=False)
    clock = ManualClock(moment(30))
    pictures = reader(store, lambda channel: True, clock=clock)
    assert number_of(pictures.frame_at("cam", moment(9) - 1)) == 8
    assert number_of(pictures.frame_at("cam", moment(12), exact=False)) == 0
    answers = []
    asking = threading.Thread(target=lambda: answers.append(pictures.frame_at("cam", moment(12))))
    asking.start()
    clock.wait_for_sleepers(1)
    store.add(range(10, 20), close=False)
    clock.advance(0.02)
    asking.join(10)
    assert [number_of(frame) for frame in answers] == [12]


def test_a_moment_still_to_come_is_now(store):
    store.add(range(10), close=False)
    clock = ManualClock(moment(12))
    pictures = reader(store, lambda channel: True, clock=clock)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(pictures.frame_at("cam", moment(31))))
    asking.start()
    clock.wait_for_sleepers(1)
    store.add(range(10, 14), close=False)
    clock.advance(0.02)
    asking.join(10)
    assert [number_of(frame) for frame in answers] == [13]


@pytest.mark.parametrize("end", ["patience", "stop"])
def test_the_wait_has_an_end(store, end):
    store.add(range(10), close=False)
    clock = ManualClock(moment(30))
    live = [True]
    pictures = reader(store, lambda channel: live[0], clock=clock)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(pictures.frame_at("cam", moment(12))))
    asking.start()
    clock.wait_for_sleepers(1)
    live[0] = end == "patience"
    clock.advance(3 if live[0] else 0.02)
    asking.join(10)
    assert [number_of(frame) for frame in answers] == [9]
