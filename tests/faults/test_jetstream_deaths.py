"""Links whose hub is killed or frozen: nothing that was confirmed is lost, nothing is stored twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from rushes.wire.hub import Hub
from rushes.wire.jet_item import Item
from tests.support.jet import LONG_S, WORK, Taken, kill, link, numbers, send, stored, until
from tests.support.nats_hub import Events, hub
from tests.support.waiting import stands_still


def test_a_killed_hub_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Three kills while frames are published, worked on and their results taken."""
    count, deaths = 600, Events()
    seen: dict[int, int] = {}
    done = threading.Event()
    with hub(tmp_path, on_event=deaths) as running:
        deaths.next("up")
        ups = Events()
        with link(running, on_event=ups) as sender, link(running) as worker:
            sender.work_stream("cam", ["faces"], ack_wait_s=1.0)
            sender.result_stream("cam")

            def take(item: Item) -> None:
                number = int(item.head)
                seen[number] = seen.get(number, 0) + 1
                item.ack()
                results.credit()
                if len(seen) == count:
                    done.set()

            def work(item: Item) -> None:
                def acknowledge(error: Exception | None) -> None:
                    if error is None:
                        item.ack()

                ticket = worker.publish(
                    "rushes.cam.result.faces", f"r-{item.message_id}", item.head, b"found"
                )
                ticket.on_done(acknowledge)
                faces.credit()

            results = sender.pull_results("cam", batch=8, on_item=take)
            faces = worker.pull("cam", "faces", batch=8, on_item=work)
            killer = threading.Thread(target=_kill_at, args=(running, deaths, seen, (50, 200, 400)))
            killer.start()
            tickets = []
            for number in range(count):
                tickets += send(sender, range(number, number + 1), payload=bytes(50_000), timeout_s=LONG_S)
                time.sleep(0.002)
            stored(tickets)
            killer.join(60)
            assert done.wait(60), sorted(set(range(count)) - set(seen))
            time.sleep(0.3)
    print(f"{running!r}: {sum(seen.values()) - count} results came again, {count} numbers, 3 kills")
    assert sorted(seen) == list(range(count))


def _kill_at(running: Hub, deaths: Events, seen: dict[int, int], marks: tuple[int, ...]) -> None:
    for mark in marks:
        until(lambda: len(seen), lambda now, mark=mark: now >= mark, 60)  # type: ignore[misc]
        kill(running, deaths)


def test_what_was_not_confirmed_is_published_again_and_stored_once(tmp_path: Path) -> None:
    deaths = Events()
    with hub(tmp_path, on_event=deaths) as running:
        deaths.next("up")
        with link(running, window=64) as made:
            made.work_stream("cam", ["faces"])
            stored(send(made, range(10)))
            pid = running.stats().pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            until(lambda: stands_still(pid), bool, LONG_S)  # what is sent now is read by nobody
            tickets = send(made, range(10, 50))
            assert not until(lambda: tickets[0].done, bool, 0.2)
            os.kill(pid, signal.SIGKILL)
            stored(tickets)
            again = send(made, range(50))
            assert all(ticket.result(LONG_S).duplicate for ticket in again)
            taken = Taken()
            with made.pull("cam", "faces", batch=60, on_item=taken):
                assert numbers(taken.items(50)) == list(range(50))
                assert taken.nothing()


def test_what_is_said_of_items_outlives_the_hub(tmp_path: Path) -> None:
    deaths, ups, items = Events(), Events(), Taken()
    with hub(tmp_path, on_event=deaths) as running:
        deaths.next("up")

        def told(what: str, detail: object) -> None:
            if what == "down" and not running.closed:
                first.ack()  # there is no connection for it
            ups(what, detail)

        with link(running, on_event=told) as made:
            ups.next("up")
            made.work_stream("cam", ["faces"], ack_wait_s=60)
            stored(send(made, range(3)))
            with made.pull("cam", "faces", batch=4, on_item=items):
                first, second, third = items.items(3)
                # A server notes what it delivered some 100 ms later; killed before, it would deliver it all again.
                time.sleep(1.0)
                kill(running, deaths)
                second.ack_sync(LONG_S)
                third.nak()
                again = items.item()
                assert (numbers([again]), again.deliveries) == ([2], 2)
                assert until(lambda: made.backlog("cam")["faces"].in_flight, lambda left: left == 1) == 1


def test_a_puller_goes_on_after_the_hub_was_killed_while_it_waited(tmp_path: Path) -> None:
    deaths = Events()
    with hub(tmp_path, on_event=deaths) as running:
        deaths.next("up")
        with link(running) as made:
            made.work_stream("cam", ["faces"])
            taken = Taken()
            with made.pull("cam", "faces", batch=5, on_item=taken):
                stored(send(made, range(2)))
                for item in taken.items(2):
                    item.ack_sync()
                for number in (2, 3):
                    kill(running, deaths)
                    begun = time.monotonic()
                    send(made, range(number, number + 1))
                    item = taken.item()
                    print(f"an item {(time.monotonic() - begun) * 1e3:.0f} ms after the hub was up again")
                    item.ack_sync()
                    assert numbers([item]) == [number]


def test_a_frozen_hub_is_noticed_and_left(tmp_path: Path) -> None:
    deaths, ups = Events(), Events()
    with hub(tmp_path, on_event=deaths) as running:
        deaths.next("up")
        with link(running, on_event=ups) as made:
            ups.next("up")
            made.work_stream("cam", ["faces"])
            pid = running.stats().pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            try:
                tickets = send(
                    made, range(16), payload=bytes(2 << 20)
                )  # more than any buffer on the way holds
                ups.next("down")
            finally:
                os.kill(pid, signal.SIGCONT)
            ups.next("up")
            stored(tickets)
            # The server tells a store's consumers of what came after it has said that it is kept.
            assert until(lambda: made.backlog("cam")["faces"].waiting, lambda left: left == 16) == 16


def test_half_a_megabyte_goes_through_at_a_rate_worth_printing(tmp_path: Path) -> None:
    count, payload = 200, memoryview(bytearray(500_000))
    with hub(tmp_path) as running, link(running) as made:
        made.work_stream("cam", ["faces"])
        begun = time.perf_counter()
        tickets = [made.publish(WORK, f"cam-{n}", b"%d" % n, payload) for n in range(count)]
        stored(tickets)
        rate = count / (time.perf_counter() - begun)
        taken = Taken()
        begun = time.perf_counter()
        with made.pull("cam", "faces", batch=count, on_item=taken):
            assert numbers(taken.items(count)) == list(range(count))
        print(f"{rate:.0f} frames of 500 KB/s in, {count / (time.perf_counter() - begun):.0f} out")
