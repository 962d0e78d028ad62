"""Frames by way of a real hub that stores nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.errors import ClosedError, ConfigError
from rushes.wire import jet_live, jet_live_in, jet_live_out
from rushes.wire.hub import Hub
from rushes.wire.message import KEY_WANTED, PIXELS
from tests.support.jet import LONG_S, kill, until
from tests.support.nats_hub import Events, client, free_ports, hub, run
from tests.support.relays import Told, joined, publisher, viewer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("hub")) as made:
        yield made


def test_every_viewer_gets_each_message_as_it_was(running: Hub) -> None:
    with publisher(running) as (out, _), viewer(running) as (_, first, _), viewer(running) as (_, second, _):
        joined(out, 2)
        for number in range(3):
            out.publish(PIXELS, bytes(range(256)), b"%d" % number)
        for came in (first, second):
            assert [came.next() for _ in range(3)] == [
                (PIXELS + bytes(range(256)), b"%d" % n) for n in range(3)
            ]


def test_streams_of_one_hub_do_not_mix(running: Hub) -> None:
    with (
        publisher(running, "door") as (door, _),
        publisher(running, "yard") as (yard, _),
        viewer(running, "door") as (_, came, _),
    ):
        joined(door)
        assert yard.subscribed(PIXELS) == 0
        yard.publish(PIXELS, b"h", b"of the yard")
        door.publish(PIXELS, b"h", b"of the door")
        assert came.next()[1] == b"of the door"


def test_a_viewer_that_goes_is_forgotten_at_once(running: Hub) -> None:
    with publisher(running) as (out, heard):
        with viewer(running):
            joined(out)
        assert heard.next("unsubscribed", 1) == PIXELS
        assert out.subscribed(PIXELS) == out.peers == 0


def test_a_viewer_that_falls_silent_is_forgotten(running: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jet_live_out, "_SILENCE_S", 0.3)
    monkeypatch.setattr(jet_live_in, "_ANNOUNCE_S", 60)
    with publisher(running) as (out, heard), viewer(running):
        joined(out)
        assert heard.next("unsubscribed") == PIXELS
        assert out.peers == 0


def test_a_viewer_that_speaks_up_is_not_forgotten(running: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jet_live_out, "_SILENCE_S", 0.6)
    monkeypatch.setattr(jet_live_out, "_TICK_S", 0.05)
    monkeypatch.setattr(jet_live_in, "_ANNOUNCE_S", 0.1)
    with publisher(running) as (out, heard), viewer(running):
        joined(out)
        time.sleep(1.2)
        assert out.peers == 1
        assert [what for what, _ in list(heard._heard.queue)].count("unsubscribed") == 0


def test_a_streamer_that_comes_later_is_told_at_once_who_watches(
    running: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jet_live_in, "_ANNOUNCE_S", 600)
    with viewer(running) as (view, _, _):
        assert view.wait(LONG_S)
        time.sleep(0.1)  # its one announcement of these ten minutes is over
        with publisher(running) as (out, heard):
            assert heard.next("subscribed") == PIXELS
            assert out.peers == 1


def test_requests_reach_the_streamer(running: Hub) -> None:
    with publisher(running) as (out, heard), viewer(running) as (view, _, _):
        joined(out)
        view.send_up(KEY_WANTED)
        assert heard.next("request") == KEY_WANTED
        for word in (b"", jet_live.JOIN + bytes(8), jet_live.GONE):
            with pytest.raises(ConfigError):
                view.send_up(word)


def test_nonsense_from_viewers_is_heard_by_nobody(running: Hub) -> None:
    async def talk() -> None:
        async with client(running, running.credentials("viewer")) as connection:
            for said in (b"", b"j", b"j123456789", b"g" + bytes(8), b"x" * 17, bytes(4096)):
                await connection.publish("rushes.cam.ask", said)
            await connection.publish("rushes.cam.ask", b"last")
            await connection.flush()

    with publisher(running) as (out, heard):
        assert out.wait(LONG_S)
        run(talk())
        assert heard.next("request") == b"last"
        assert out.peers == 0


def test_there_is_an_end_to_the_viewers_that_are_remembered(
    running: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jet_live_out, "_MOST_VIEWERS", 3)

    async def crowd() -> None:
        async with client(running, running.credentials("viewer")) as connection:
            for number in range(9):
                await connection.publish("rushes.cam.ask", b"j" + b"%08d" % number)
            await connection.publish("rushes.cam.ask", b"last")
            await connection.flush()

    with publisher(running) as (out, heard):
        assert out.wait(LONG_S)
        run(crowd())
        heard.next("request")
        assert out.peers == 3


def test_what_is_too_large_for_the_hub_is_refused_before_it_ends_the_connection(running: Hub) -> None:
    with publisher(running) as (out, _), viewer(running) as (_, came, _):
        joined(out)
        size = 8 * 1024 * 1024
        assert out.refuses(b"head", size)
        with pytest.raises(ConfigError, match="encode it"):
            out.publish(PIXELS, b"head", bytes(size))
        almost = bytes(size - 200)
        assert not out.refuses(b"head", len(almost))
        out.publish(PIXELS, b"head", almost)
        assert came.next()[1] == almost


def test_a_hub_that_stands_still_costs_the_oldest(tmp_path: Path) -> None:
    with hub(tmp_path) as running, publisher(running) as (out, _), viewer(running) as (_, came, _):
        joined(out)
        pid = running.stats().pid
        assert pid is not None
        told = Told()
        payload = bytes(20_000)  # all of them fit into the system's buffers
        os.kill(pid, signal.SIGSTOP)
        try:
            for number in range(40):
                out.publish(PIXELS, b"%d" % number, payload, **told.of(str(number)))
                time.sleep(0.03)
            dropped = len(told.dropped)
            assert dropped > 10
        finally:
            os.kill(pid, signal.SIGCONT)
        numbers: list[int] = []
        while not numbers or numbers[-1] != 39:
            numbers.append(int(came.next()[0][1:]))
        assert numbers == sorted(numbers)
        assert numbers[-4:] == [36, 37, 38, 39]
        assert until(lambda: len(told.sent) + len(told.dropped), lambda found: found == 40) == 40
        assert sorted(map(int, told.sent)) == numbers
        assert sorted(told.done) == sorted(map(str, range(40)))


def test_a_frozen_hub_does_not_keep_either_end_from_closing(tmp_path: Path) -> None:
    with hub(tmp_path) as running, publisher(running) as (out, _), viewer(running) as (view, _, _):
        joined(out)
        pid = running.stats().pid
        assert pid is not None
        told = Told()
        os.kill(pid, signal.SIGSTOP)
        try:
            for number in range(8):
                out.publish(PIXELS, b"h", bytes(4 << 20), **told.of(str(number)))
            begun_s = time.monotonic()
            out.close()
            view.close()
            assert time.monotonic() - begun_s < 10
        finally:
            os.kill(pid, signal.SIGCONT)
        assert len(told.sent) + len(told.dropped) == len(told.done) == 8


def test_both_ends_find_a_hub_that_was_killed_again(tmp_path: Path) -> None:
    events = Events()
    with (
        hub(tmp_path, on_event=events) as running,
        publisher(running) as (out, heard),
        viewer(running) as (_, came, _),
    ):
        joined(out)
        kill(running, events)
        heard.next("down")
        heard.next("up")
        joined(out)
        out.publish(PIXELS, b"h", b"after")
        assert came.next() == (PIXELS + b"h", b"after")


def test_what_is_published_without_a_hub_is_dropped(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url, told = f"nats://127.0.0.1:{port}", Told()
    with publisher(url) as (out, heard), viewer(url) as (_, came, _):
        assert not out.wait(0.1)
        assert not out.publish(PIXELS, b"h", b"lost", **told.of("lost"))
        assert told.dropped == told.done == ["lost"]
        with hub(tmp_path, f"tcp://127.0.0.1:{port}"):
            assert heard.next("up") is None
            joined(out)
            out.publish(PIXELS, b"h", b"there")
            assert came.next()[1] == b"there"


def test_who_renews_is_there_again_and_gets_what_comes_then(running: Hub) -> None:
    with publisher(running) as (out, _), viewer(running) as (view, came, events):
        joined(out)
        events.next("up")
        view.renew()
        events.next("down")
        events.next("up")
        out.publish(PIXELS, b"h", b"new")
        assert came.next()[1] == b"new"
        assert out.peers == 1


def test_a_callback_that_fails_does_not_end_the_link(running: Hub) -> None:
    got = threading.Event()

    def fail(parts: list[memoryview]) -> None:
        got.set()
        raise ValueError("of the user's making")

    with publisher(running) as (out, _), viewer(running, on_message=fail):
        joined(out)
        for _ in range(2):
            got.clear()
            out.publish(PIXELS, b"h", b"p")
            assert got.wait(LONG_S)


def test_after_the_close_and_in_a_child_it_says_that_it_is_closed(running: Hub) -> None:
    with publisher(running) as (out, _), viewer(running) as (view, _, _):
        joined(out)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                out.publish(PIXELS, b"h", b"p")
            except ClosedError:
                out.close()
                view.close()
                code = 0
            finally:
                os._exit(code)  # not through what pytest would do in a child
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert out.peers == 1
        out.close()
        with pytest.raises(ClosedError):
            out.publish(PIXELS, b"h", b"p")
        view.close()
        with pytest.raises(ClosedError):
            view.send_up(KEY_WANTED)
