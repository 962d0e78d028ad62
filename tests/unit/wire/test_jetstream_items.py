"""What a worker says of an item, and what becomes of one that nobody can work on."""

from __future__ import annotations

import json
import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rushes.errors import ConfigError
from rushes.wire.jet_item import Item
from rushes.wire.jetstream import JetLink
from tests.support.jet import LONG_S, Taken, link, linked, numbers, send, stored, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.msg import Msg

    from rushes.wire.jet_session import Session


def test_an_item_that_is_given_back_comes_again_at_once(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=60)
        stored(send(made, range(1)))
        taken = Taken()
        with made.pull("cam", "faces", batch=2, on_item=taken):
            first = taken.item()
            first.nak()
            again = taken.item(5)
            again.ack_sync()
        assert (first.deliveries, again.deliveries, again.sequence) == (1, 2, first.sequence)


def test_an_item_can_be_given_back_for_later(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=60)
        stored(send(made, range(1)))
        taken = Taken()
        with made.pull("cam", "faces", batch=2, on_item=taken):
            taken.item().nak(0.5)
            begun = time.monotonic()
            taken.item().ack_sync()
        assert time.monotonic() - begun > 0.4


def test_an_item_whose_callback_fails_comes_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=60)
        stored(send(made, range(1)))
        taken = Taken()

        def once(item: Item) -> None:
            taken(item)
            if item.deliveries == 1:
                raise ValueError("a broken callback")

        with made.pull("cam", "faces", batch=2, on_item=once):
            assert [item.deliveries for item in taken.items(2)] == [1, 2]
    assert "a broken callback" in caplog.text


def one_by_one(made: JetLink, items: list[Item]) -> None:
    for each in items:
        each.in_progress()


@pytest.mark.parametrize("tell", [one_by_one, JetLink.in_progress])
def test_items_in_progress_are_kept_past_their_time(
    tmp_path: Path, tell: Callable[[JetLink, list[Item]], None]
) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=1.5)
        stored(send(made, range(6)))
        taken = Taken()
        with made.pull("cam", "faces", batch=9, on_item=taken):
            *kept, done, left = taken.items(6)
            done.ack()
            for _ in range(14):
                time.sleep(0.15)
                tell(made, [*kept, done])
            again = taken.item()
            assert (again.sequence, again.deliveries) == (left.sequence, 2)
            for each in (*kept, again):
                each.ack_sync()
            assert taken.nothing()
        tell(made, [])


def test_only_the_first_word_on_an_item_counts(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=60)
        stored(send(made, range(1)))
        taken = Taken()
        with made.pull("cam", "faces", batch=2, on_item=taken):
            item = taken.item()
            item.nak(0.3)
            item.ack()
            item.term("too late")
            item.in_progress()
            item.ack_sync()
            assert item.settled
            assert taken.item().deliveries == 2


def test_no_more_than_so_many_items_are_in_flight(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=60, max_in_flight=3)
        stored(send(made, range(6)))
        taken = Taken()
        with made.pull("cam", "faces", batch=6, on_item=taken):
            items = taken.items(3)
            assert taken.nothing()
            for item in items:
                item.ack()
            assert numbers(taken.items(3)) == [3, 4, 5]


def test_an_item_that_no_delivery_helped_is_stuck_on_its_track_alone(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces", "edges"], ack_wait_s=60, max_deliver=3)
        stored(send(made, range(4)))
        taken = Taken()

        def work(item: Item) -> None:
            taken(item)
            item.nak() if item.head == b"2" else item.ack()

        with made.pull("cam", "faces", batch=20, on_item=work):
            assert sorted(numbers(taken.items(6))) == [0, 1, 2, 2, 2, 3]
            assert taken.nothing()
            assert until(lambda: made.backlog("cam")["faces"].stuck, lambda stuck: stuck > 0) == 1
        with made.pull("cam", "edges", batch=4, on_item=taken):
            assert numbers(taken.items(4)) == [0, 1, 2, 3]  # the other track has it still


def test_a_worker_can_end_an_item_and_say_why(tmp_path: Path) -> None:
    told: queue.Queue[bytes] = queue.Queue()

    async def listen(session: Session) -> None:
        async def come(message: Msg) -> None:
            told.put(message.data)

        await session.client.subscribe("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.W_cam.*", cb=come)

    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], ack_wait_s=60)
        made._ask(listen)
        stored(send(made, range(1)))
        taken = Taken()
        with made.pull("cam", "faces", batch=2, on_item=taken):
            taken.item().term("no face\r\nPUB x 0 in\tit")
            advisory = json.loads(told.get(timeout=LONG_S))
            assert taken.nothing()
        assert advisory["reason"] == "cam-0 no face PUB x 0 in it"
        assert (advisory["stream_seq"], advisory["deliveries"]) == (1, 1)


def test_a_puller_waits_for_a_stream_that_is_not_there_yet_and_says_so(tmp_path: Path) -> None:
    missing, taken = Taken(), Taken()
    with (
        linked(tmp_path) as (running, made),
        link(
            running, "worker", on_event=lambda what, it: missing(it) if what == "missing" else None
        ) as worker,
        worker.pull("cam", "faces", batch=1, on_item=taken),
    ):
        assert missing._came.get(timeout=LONG_S) == "W_cam/T_faces"
        made.work_stream("cam", ["faces"])
        stored(send(made, range(1)))
        assert numbers([taken.item()]) == [0]


def test_pullers_that_are_closed_at_once_leave_nothing_to_serve(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        for _ in range(20):
            made.pull("cam", "faces", batch=1, on_item=print).close()
        made.tracks("cam")
        assert len(made._dialer.users) == 2  # the publisher, and what is said of items
    assert not caplog.records


def test_a_track_can_be_added_and_dropped(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        made.work_stream("cam", ["edges"], max_bytes=2 << 20, ack_wait_s=1.0)
        assert made.tracks("cam") == ["edges", "faces"]
        made.work_stream("cam", ["edges"], prune=True)
        assert made.tracks("cam") == ["edges"]


def test_a_store_of_another_kind_is_not_taken_over(tmp_path: Path) -> None:
    from nats.js.api import StreamConfig

    async def make(session: Session) -> None:
        await session.js.add_stream(StreamConfig(name="W_cam", subjects=["rushes.cam.work"]))

    with linked(tmp_path) as (_, made):
        made._ask(make)
        with pytest.raises(ConfigError, match="retention limits"):
            made.work_stream("cam", ["faces"])


def test_a_store_that_the_hub_has_no_room_for_is_refused(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made), pytest.raises(ConfigError, match="max_bytes"):
        made.work_stream("cam", ["faces"], max_bytes=1 << 40)


def test_a_callback_that_waits_for_the_link_is_told_so(tmp_path: Path) -> None:
    refused: list[BaseException] = []
    done = threading.Event()
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        stored(send(made, range(1)))

        def work(item: Item) -> None:
            try:
                item.ack_sync()
            except ConfigError as error:
                refused.append(error)
            done.set()

        with made.pull("cam", "faces", batch=1, on_item=work):
            assert done.wait(LONG_S)
    assert "must not be made from a callback" in str(refused[0])
