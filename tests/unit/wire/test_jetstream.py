"""Work and results by way of a real hub: what goes in comes out, once for each track."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rushes.errors import ConfigError, DeadlineExceeded, QueueFull, WireError
from rushes.wire.jet_names import result_subject
from rushes.wire.jet_session import Session
from rushes.wire.jet_ticket import Stored
from rushes.wire.jetstream import JetLink
from tests.support.jet import LONG_S, WORK, Taken, link, linked, numbers, send, stored, until


def test_an_item_comes_as_it_was_published(tmp_path: Path) -> None:
    head, payload = bytes(range(256)), bytearray(range(256)) * 2000
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        ticket = made.publish(WORK, "cam-1-7", head, memoryview(payload))
        assert ticket.result(LONG_S) == Stored(1, False)
        taken = Taken()
        with made.pull("cam", "faces", batch=1, on_item=taken):
            item = taken.item()
            item.ack_sync()
        assert (item.head, item.payload, item.message_id) == (head, bytes(payload), "cam-1-7")
        assert (item.sequence, item.deliveries, item.subject) == (1, 1, WORK)


def test_a_message_may_have_no_head_and_no_payload(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        made.publish(WORK, "cam-1", b"", b"").result(LONG_S)
        taken = Taken()
        with made.pull("cam", "faces", batch=1, on_item=taken):
            item = taken.item()
            item.ack_sync()
        assert (item.head, item.payload) == (b"", b"")


def test_a_message_under_the_same_id_is_stored_once(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        first, second = send(made, range(7, 8)) + send(made, range(7, 8))
        assert first.result(LONG_S) == Stored(1, False)
        assert second.result(LONG_S) == Stored(1, True)
        assert made.backlog("cam")["faces"].waiting == 1


def test_each_of_two_tracks_sees_every_item_once_and_then_it_is_gone(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces", "edges"])
        stored(send(made, range(20)))
        left = {}
        for track in ("faces", "edges"):
            taken = Taken()
            with made.pull("cam", track, batch=20, on_item=taken):
                items = taken.items(20)
                assert numbers(items) == list(range(20))
                assert taken.nothing()
                for item in items:
                    item.ack_sync()
            left[track] = _messages(made)
        assert left == {"faces": 20, "edges": 0}


def _messages(made: JetLink) -> int:
    async def look(session: Session) -> int:
        return (await session.js.stream_info("W_cam")).state.messages

    return made._ask(look)


def test_two_workers_of_a_track_share_its_items(tmp_path: Path) -> None:
    with linked(tmp_path) as (running, made), link(running, "worker") as other:
        made.work_stream("cam", ["faces"])
        taken = [Taken(), Taken()]
        with (
            made.pull("cam", "faces", batch=5, on_item=taken[0]),
            other.pull("cam", "faces", batch=5, on_item=taken[1]),
        ):
            other.wait_up()
            until(lambda: _requests(made), lambda found: found == 2)
            stored(send(made, range(10)))
            got = numbers(taken[0].items(5)) + numbers(taken[1].items(5))
        assert sorted(got) == list(range(10))


def _requests(made: JetLink) -> int:
    async def look(session: Session) -> int:
        return (await session.js.consumer_info("W_cam", "T_faces")).num_waiting or 0

    return made._ask(look)


def test_no_more_items_come_than_there_is_credit_for(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        stored(send(made, range(10)))
        taken = Taken()
        with made.pull("cam", "faces", batch=2, on_item=taken) as puller:
            assert numbers(taken.items(2)) == [0, 1]
            assert taken.nothing()
            puller.credit(3)
            assert numbers(taken.items(3)) == [2, 3, 4]
            assert taken.nothing()
            for _ in range(5):
                puller.credit()
            assert numbers(taken.items(5)) == [5, 6, 7, 8, 9]


def test_what_was_on_its_way_to_a_closed_puller_goes_to_the_next_at_once(tmp_path: Path) -> None:
    with linked(tmp_path) as (running, made), link(running, "worker") as worker:
        made.work_stream("cam", ["faces"], ack_wait_s=60, max_deliver=100)
        taken = Taken()
        for first in range(0, 40, 5):
            puller = worker.pull("cam", "faces", batch=5, on_item=lambda item: item.nak())
            until(lambda: _requests(made), bool)
            tickets = send(made, range(first, first + 5))
            tickets[0].result(LONG_S)
            puller.close()  # whether this or the items are first is the server's to say
            stored(tickets)
            with made.pull("cam", "faces", batch=5, on_item=taken):
                items = taken.items(5)
                assert sorted(numbers(items)) == list(range(first, first + 5))
                for item in items:
                    item.ack_sync()


def test_publishing_waits_for_room_in_the_window(tmp_path: Path) -> None:
    with link("nats://127.0.0.1:9", window=2) as made:  # nobody is there, so that nothing is confirmed
        tickets = send(made, range(2), timeout_s=0)
        assert made.unconfirmed == 2
        with pytest.raises(DeadlineExceeded, match="cam-2 was not taken"):
            send(made, range(2, 3), timeout_s=0.1)
        with pytest.raises(DeadlineExceeded, match="cam-0 is not confirmed"):
            tickets[0].result(0.01)
    assert all(ticket.done for ticket in tickets)


def test_a_window_that_is_confirmed_has_room_again(tmp_path: Path) -> None:
    with linked(tmp_path, window=2) as (_, made):
        made.work_stream("cam", ["faces"])
        assert stored(send(made, range(50), timeout_s=LONG_S)) == list(range(1, 51))
        assert made.unconfirmed == 0


def test_a_full_store_refuses(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], max_bytes=1 << 20)
        with pytest.raises(QueueFull, match="maximum bytes"):
            stored(send(made, range(5), payload=bytes(300_000)))


def test_a_message_that_may_wait_is_stored_when_there_is_room(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], max_bytes=1 << 20)
        tickets = send(made, range(9), payload=bytes(300_000), wait_full=True)
        tickets[2].result(LONG_S)
        tries = _published(made)
        time.sleep(0.5)
        assert _published(made) - tries < 15  # one at a time is tried again, ever later
        assert [ticket.done for ticket in tickets] == [True] * 3 + [False] * 6
        taken = Taken()
        with made.pull("cam", "faces", batch=3, on_item=taken) as puller:
            seen = []
            for _ in range(9):
                item = taken.item()
                seen += numbers([item])
                item.ack()
                puller.credit()
        assert sorted(seen) == list(range(9))  # the store may have room for a later one first
        assert [ticket.result(LONG_S).duplicate for ticket in tickets] == [False] * 9


def _published(made: JetLink) -> int:
    session = made._dialer.session
    assert session is not None
    return session.client.stats["out_msgs"]


def test_a_callback_is_told_what_became_of_a_message(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"], max_bytes=1 << 20)
        told = Taken()
        for number in range(5):
            made.publish(WORK, f"cam-{number}", b"", bytes(300_000)).on_done(told)
        outcomes = [told._came.get(timeout=LONG_S) for _ in range(5)]
        assert outcomes[:3] == [None, None, None]
        assert all(isinstance(each, QueueFull) for each in outcomes[3:])


def test_a_store_that_does_not_exist_is_told_after_a_while(tmp_path: Path) -> None:
    with (
        linked(tmp_path, settle_s=0.3) as (_, made),
        pytest.raises(WireError, match=re.escape("rushes.cam.work")),
    ):
        stored(send(made, range(1)))


def test_a_store_that_comes_in_time_is_waited_for(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        tickets = send(made, range(3))
        time.sleep(0.1)
        made.work_stream("cam", ["faces"])
        assert stored(tickets) == [1, 2, 3]


@pytest.mark.parametrize("size", [8 << 20, (8 << 20) - 100], ids=["payload", "payload with its head"])
def test_what_the_hub_does_not_take_is_refused_and_the_rest_goes_on(tmp_path: Path, size: int) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        with pytest.raises(ConfigError, match="8388608"):
            made.publish(WORK, "cam-0", b"head", bytes(size)).result(LONG_S)
        assert stored(send(made, range(1, 2))) == [1]


def test_results_are_kept_until_they_are_acknowledged(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.result_stream("cam")
        for number in range(3):
            made.publish(result_subject("cam", "faces"), f"r-{number}", b"%d" % number, b"").result(LONG_S)
        taken = Taken()
        with made.pull_results("cam", batch=3, on_item=taken):
            items = taken.items(3)
            items[0].ack_sync()
        with made.pull_results("cam", batch=3, on_item=taken):
            for item in items[1:]:
                item.nak()
            assert numbers(taken.items(2)) == [1, 2]


def test_a_track_tells_how_much_work_it_has(tmp_path: Path) -> None:
    with linked(tmp_path) as (running, made):
        made.work_stream("cam", ["faces", "edges"])
        assert {each.oldest_age_s for each in made.backlog("cam").values()} == {0.0}
        stored(send(made, range(5)))
        taken = Taken()
        with made.pull("cam", "faces", batch=2, on_item=taken):
            taken.items(2)[0].ack_sync()
        backlog = made.backlog("cam")
        faces, edges = backlog["faces"], backlog["edges"]
        assert (faces.waiting, faces.in_flight, edges.waiting, edges.in_flight) == (3, 1, 5, 0)
        assert 0 < faces.oldest_age_s < LONG_S
        with link(running, "worker") as worker:
            assert worker.backlog("cam", ["edges"])["edges"].waiting == 5


def test_an_absent_store_has_no_tracks_and_no_backlog(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        assert made.tracks("cam") is None
        with pytest.raises(WireError, match="stream not found"):
            made.backlog("cam")
        made.delete("cam")


def test_a_deleted_stream_is_gone_and_can_be_made_anew(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        made.result_stream("cam")
        stored(send(made, range(3)))
        made.delete("cam")
        assert made.tracks("cam") is None
        made.work_stream("cam", ["faces"])
        assert stored(send(made, range(1))) == [1]


def test_importing_streams_loads_no_client_library() -> None:
    code = "import sys, rushes, rushes.stream, rushes.wire.jetstream; print([m for m in sys.modules if 'nats' in m])"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == "[]"
