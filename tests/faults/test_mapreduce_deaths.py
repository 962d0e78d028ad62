"""One part of a map-reduce is killed: what is lost (nothing), and how long it takes. The figures are printed."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from rushes.frame import Frame
from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from tests.faults.deaths import (
    HANG_S,
    longest_stall,
    sending,
    the_frame_of_a_killed_process_comes_back,
)
from tests.support import mapreduce_functions as functions
from tests.support.mapreduce import HERE, both, numbers, reading, settle, working
from tests.support.mapreduce_nodes import Node, all_gone, children, family, nodes
from tests.support.nats_hub import free_ports


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def server_of_this_process() -> list[int]:
    return [
        pid for pid in children(os.getpid()) if b"nats-server" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_the_frames_of_a_killed_worker_go_to_the_others() -> None:
    with nodes() as running, both() as (streamer, receiver), reading(receiver) as reader:
        where = (streamer.address, receiver.address, "none", "takes_a_while")
        running += [Node("worker", *where, TAKES_S="0.03") for _ in range(3)]
        assert [node.told() for node in running] == ["ready"] * 3
        assert settle(lambda: all(len(family(node.pid)) == 3 for node in running))
        thread = sending(streamer, 150, 0.02)
        reader.take(30)
        theirs = family(running[0].pid)
        began = time.monotonic()
        running[0].kill()
        got = reader.take(120)
        thread.join()
        print(f"\nkilled worker: 0 of 150 lost, longest stall {longest_stall(reader, began):.2f} s")
        assert numbers(got) == list(range(30, 150))
        assert reader.nothing()
        assert longest_stall(reader, began) < HANG_S
        assert all_gone(theirs)
        assert [node.stop() for node in running[1:]] == [0, 0]


def test_the_frame_of_a_killed_process_is_back_at_once(tmp_path: Path) -> None:
    with both() as (streamer, receiver):
        the_frame_of_a_killed_process_comes_back(streamer, receiver, tmp_path)


def test_a_killed_hub_loses_nothing_and_is_back_soon() -> None:
    with (
        Streamer(HERE, mapreduce=True) as streamer,
        Receiver(streamer.address, mapreduce=True) as receiver,
        working(streamer.address, None, functions.doubled),
        reading(receiver) as reader,
    ):
        thread = sending(streamer, 200, 0.01)
        reader.take(30)
        (server,) = server_of_this_process()
        began = time.monotonic()
        os.kill(server, signal.SIGKILL)
        got = reader.take(170)
        thread.join()
        print(f"\nkilled hub: 0 of 200 lost, longest stall {longest_stall(reader, began):.2f} s")
        assert numbers(got) == list(range(30, 200))
        assert reader.nothing()
        assert longest_stall(reader, began) < HANG_S
        stats = streamer.stats()
        assert (stats.sent, stats.dropped) == (200, {})
        assert server_of_this_process() != [server]


def test_a_killed_streamer_leaves_no_hub_behind_and_what_it_had_sent_is_worked_on() -> None:
    (port,) = free_ports(1)
    source, count = f"tcp://127.0.0.1:{port}", 120
    with (
        nodes() as running,
        Receiver(HERE, mapreduce=True) as receiver,
        working(source, receiver.address, functions.as_it_came),
        reading(receiver) as reader,
    ):
        running.append(Node("stream", source, str(count), "0.01"))
        assert running[0].told() == source
        came = numbers(reader.take(20))
        servers = children(running[0].pid)
        assert servers
        running[0].kill()
        assert all_gone(servers)
        running[0].again()
        while came.count(count - 1) < 1 or came.count(0) < 2:
            came += numbers(reader.take(1))
        assert reader.nothing()
        first = list(dict.fromkeys(came))
        second = [number for at, number in enumerate(came) if number in came[:at]]
        print(f"\nkilled streamer: {len(second)} frames of its first run, {len(first)} of its second")
        assert first == list(range(count))
        assert second == list(range(len(second)))
        assert len(second) >= 20
        assert running[0].stop() == 0


def test_workers_of_different_speed_share_the_work_by_it() -> None:
    with nodes() as running, both() as (streamer, receiver), reading(receiver) as reader:
        for who, takes_s in (("fast", "0.01"), ("middle", "0.02"), ("slow", "0.04")):
            where = (streamer.address, receiver.address, "none", "takes_a_while", "1")
            running.append(Node("worker", *where, WHO=who, TAKES_S=takes_s))
        assert [node.told() for node in running] == ["ready"] * 3
        assert settle(lambda: all(len(family(node.pid)) == 2 for node in running))
        thread = sending(streamer, 400, 0.002)
        got = reader.take(400)
        thread.join()
        share = Counter(each.meta["who"] for each in got if isinstance(each, Frame))
        took_s = reader.at[-1] - reader.at[0]
        print(f"\nworkers of 10, 20 and 40 ms: {dict(share)} in {took_s:.1f} s")
        assert numbers(got) == list(range(400))
        assert share["fast"] >= 1.5 * share["slow"]  # four times as fast: on a busy machine all are slow
        assert [node.stop() for node in running] == [0, 0, 0]
