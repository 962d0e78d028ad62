from __future__ import annotations

import threading

from rushes.stream.inbox import Inbox
from rushes.stream.outbox import Ready
from rushes.wire.flow import Gap
from tests.support.streams import PATIENCE_S, Arrived, anything, decode, eventually, header, working
from tests.unit.stream.boxes import balanced, drain, inbox, of_track


def test_a_reader_that_waits_is_woken_by_what_arrives() -> None:
    box = inbox()
    got: list[Ready | Gap | None] = []
    reader = threading.Thread(target=lambda: got.append(box.take(None, anything)), daemon=True)
    reader.start()
    eventually(lambda: box._hungry == 1)
    box.arrive(Arrived(header(5)))
    reader.join(PATIENCE_S)
    assert isinstance(got[0], Ready)


def test_a_reader_is_woken_though_somebody_else_waits_too() -> None:
    box = inbox()
    waiter = threading.Thread(target=box.wait, args=(PATIENCE_S,), daemon=True)
    waiter.start()
    eventually(lambda: len(box._ready._waiters) == 1)  # type: ignore[attr-defined]
    got: list[Ready | Gap | None] = []
    reader = threading.Thread(target=lambda: got.append(box.take(None, anything)), daemon=True)
    reader.start()
    eventually(lambda: len(box._ready._waiters) == 2)  # type: ignore[attr-defined]
    box.arrive(Arrived(header(0)))
    waiter.join(PATIENCE_S)
    reader.join(0.5)
    woken = bool(got)
    box.stop()
    reader.join(PATIENCE_S)
    assert woken


def test_the_stop_ends_readers_settles_what_waits_and_takes_nothing_more() -> None:
    box = inbox(ahead=2)
    with working(box, 1):
        got: list[Ready | Gap | None] = []
        reader = threading.Thread(target=lambda: got.append(box.take(None, of_track("x"))), daemon=True)
        reader.start()
        eventually(lambda: box._hungry == 1)
        for number in range(5):
            box.arrive(Arrived(header(number)))
    reader.join(PATIENCE_S)
    assert got == [None]
    box.settle_all()
    box.arrive(Arrived(header(9)))
    stats = balanced(box)
    assert (stats.waiting, stats.expected, stats.dropped) == (0, 5, {"stale": 5})


def test_a_message_refused_is_counted_apart() -> None:
    box = inbox()
    box.refuse()
    assert balanced(box).refused == 1


def test_whoever_is_told_to_wait_is_told_of_room_afterwards() -> None:
    told: list[bool] = []
    box = Inbox(decode, ahead=1, hold=told.append)
    for number in range(4):
        box.arrive(Arrived(header(number, waits=True)))
    assert told == [True]
    assert drain(box) == [0, 1, 2, 3]
    assert told == [True, False]


def test_nobody_is_told_to_wait_who_would_rather_drop() -> None:
    told: list[bool] = []
    box = Inbox(decode, ahead=1, hold=told.append)
    for number in range(20):
        box.arrive(Arrived(header(number)))
    assert not told
