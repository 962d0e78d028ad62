"""A link to three nodes, of which any may be killed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rushes.wire.hub import Hub
from rushes.wire.hub_config import Cluster
from rushes.wire.jet_session import Session
from rushes.wire.jetstream import JetLink
from tests.support.jet import LONG_S, Taken, link, numbers, send, until
from tests.support.nats_hub import free_ports, hub


@contextlib.contextmanager
def three(folder: Path) -> Iterator[list[Hub]]:
    ports = free_ports(3)
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                hub(
                    folder / f"node-{number}",
                    cluster=Cluster(
                        "farm",
                        f"node-{number}",
                        port,
                        tuple(f"127.0.0.1:{each}" for each in ports if each != port),
                    ),
                )
            )
            for number, port in enumerate(ports)
        ]


def leader(made: JetLink) -> int:
    async def look(session: Session) -> str:
        info = await session.js.stream_info("W_cam")
        assert info.cluster is not None
        assert info.config.num_replicas == 3
        return info.cluster.leader or ""

    return int(made._ask(look).removeprefix("node-"))


def test_the_leader_may_go_for_good_and_nothing_is_lost(tmp_path: Path) -> None:
    with (
        three(tmp_path) as nodes,
        JetLink([each.url for each in nodes], connect_s=LONG_S, settle_s=LONG_S) as made,
    ):
        made.work_stream("cam", ["faces"])
        taken = Taken()
        with made.pull("cam", "faces", batch=8, on_item=taken) as puller:
            seen: set[int] = set()
            tickets = send(made, range(20), timeout_s=LONG_S)
            tickets[-1].result(LONG_S)
            nodes[leader(made)].close()
            tickets += send(made, range(20, 40), timeout_s=LONG_S)
            while len(seen) < 40:
                item = taken.item(60)
                seen |= set(numbers([item]))
                item.ack()
                puller.credit()
            for ticket in tickets:
                ticket.result(LONG_S)
    assert seen == set(range(40))


def test_nodes_that_came_later_are_turned_to_when_the_only_one_named_is_gone(tmp_path: Path) -> None:
    ports = free_ports(3)

    def node(number: int) -> Cluster:
        others = tuple(f"127.0.0.1:{each}" for each in ports if each != ports[number])
        return Cluster("farm", f"node-{number}", ports[number], others)

    with hub(tmp_path / "0", cluster=node(0)) as first, link(first) as made:
        assert made.wait_up(LONG_S) == first.url

        async def known(session: Session) -> int:
            return len(session.client.servers)

        with hub(tmp_path / "1", cluster=node(1)) as second, hub(tmp_path / "2", cluster=node(2)) as third:
            assert until(lambda: made._ask(known), lambda count: count == 3) == 3
            first.close()
            others = (second.url, third.url)
            assert until(lambda: made.wait_up(LONG_S), lambda url: url in others) in others
