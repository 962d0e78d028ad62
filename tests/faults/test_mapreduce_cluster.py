"""A whole map-reduce over three hubs that are one cluster, of which each is killed in turn."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from rushes.stream.receiver import Receiver
from rushes.stream.streamer import Streamer
from rushes.wire.jet_session import Session
from rushes.wire.jetstream import JetLink
from tests.support import mapreduce_functions as functions
from tests.support.clusters import Nodes, cluster
from tests.support.mapreduce import numbers, reading, small, working

EVERY_S = 0.02
LONG_S = 60.0


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def run(nodes: Nodes, kills: int) -> None:
    """A streamer, a worker and a receiver, each named another node; nodes are killed in mid-run, one after another,
    the one that leads the work first.
    """
    each_round = 50
    count = each_round * (kills + 1)
    with JetLink([nodes.hubs[0].url], connect_s=LONG_S) as look:
        look.work_stream(
            "ready", ["main"]
        )  # three that begin at once on a busy machine take their time to agree
    with (
        Streamer(nodes.endpoint(0), mapreduce=True) as streamer,
        Receiver(nodes.endpoint(2), mapreduce=True) as receiver,
        working(nodes.endpoint(1), None, functions.doubled),
        reading(receiver) as reader,
    ):
        with JetLink([nodes.hubs[0].url], connect_s=LONG_S) as look:
            stores = {store: copies(look, store) for store in ("W_cam", "R_cam", "P_cam")}
        assert {count for count, _ in stores.values()} == {3}
        first = int(stores["W_cam"][1].removeprefix("node-"))

        def send() -> None:
            for number in range(count):
                assert streamer.send(small(number % 250)).accepted
                time.sleep(EVERY_S)

        thread = threading.Thread(target=send)
        thread.start()
        got = []
        for kill in range(kills):
            got += reader.take(20, LONG_S)
            nodes.kill((first + kill) % 3)
            got += reader.take(each_round - 20, LONG_S)
        got += reader.take(count - len(got), LONG_S)
        thread.join()
        stall = max(b - a for a, b in pairwise(reader.at))
        print(f"\n{kills} nodes killed: {len(got)} of {count} came, longest stall {stall:.2f} s")
        assert numbers(got) == list(range(count))
        assert reader.nothing()
        stats = receiver.stats()
        assert (stats.delivered, stats.dropped) == (count, {})
    sent = streamer.stats()
    assert (sent.sent, sent.dropped) == (count, {})


def copies(look: JetLink, store: str) -> tuple[int, str]:
    """How many nodes keep a store, and which leads it."""

    async def ask(session: Session) -> tuple[int, str]:
        info = await session.js.stream_info(store)
        assert info.cluster is not None
        return info.config.num_replicas or 1, info.cluster.leader or ""

    return look._ask(ask)


def test_the_node_that_leads_may_be_killed_in_mid_run(tmp_path: Path) -> None:
    with cluster(tmp_path / "nodes") as nodes:
        run(nodes, 1)


@pytest.mark.long
def test_each_node_may_be_killed_in_mid_run_twice(tmp_path: Path) -> None:
    with cluster(tmp_path / "nodes") as nodes:
        run(nodes, 6)
