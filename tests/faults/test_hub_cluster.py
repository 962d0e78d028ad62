"""Three hubs as one cluster: any of them may be killed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.errors import Error

from rushes.wire import hub_roles
from rushes.wire.hub import Hub
from rushes.wire.hub_config import Cluster
from tests.support.nats_hub import client, free_ports, hub, run, work_store


@contextlib.contextmanager
def three(folder: Path, keys: Path | None) -> Iterator[list[Hub]]:
    ports = free_ports(3)
    with contextlib.ExitStack() as stack:
        nodes = []
        for number, port in enumerate(ports):
            others = tuple(f"127.0.0.1:{each}" for each in ports if each != port)
            node = Cluster("farm", f"node-{number}", port, others)
            nodes.append(stack.enter_context(hub(folder / node.node, keys=keys, cluster=node)))
        yield nodes


async def make_store(connection: Client) -> None:
    """Once most of the nodes know one another."""
    while True:
        try:
            await work_store(connection.jetstream(timeout=2), num_replicas=3)
            return
        except Error:
            await asyncio.sleep(0.1)


async def publish(connection: Client, number: int) -> None:
    """Until it is taken: while a new leader is chosen, nobody answers."""
    while True:
        try:
            headers = {"Nats-Msg-Id": str(number)}
            await connection.jetstream(timeout=1).publish("rushes.cam.work", b"%d" % number, headers=headers)
            return
        except (Error, OSError):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("guarded", [False, True], ids=["open", "with keys"])
def test_three_nodes_find_a_quorum_and_lose_nothing_with_one_of_them(tmp_path: Path, guarded: bool) -> None:
    if guarded:
        hub_roles.new(tmp_path / "keys")

    async def use(nodes: list[Hub]) -> list[bytes]:
        async with client(nodes[0], nodes[0].credentials("admin")) as connection:
            await make_store(connection)
            info = await connection.jetstream().stream_info("W_cam")
            assert info.cluster is not None
            assert info.cluster.replicas is not None
            assert {info.cluster.leader, *(peer.name for peer in info.cluster.replicas)} == {
                "node-0",
                "node-1",
                "node-2",
            }
            for number in range(20):
                if number == 10:
                    # For good, and it is the one that leads.
                    next(node for node in nodes if str(info.cluster.leader) in repr(node)).close()
                await publish(connection, number)
            work = await connection.jetstream().pull_subscribe_bind(durable="faces", stream="W_cam")
            items: list[bytes] = []
            while len(items) < 20:
                with contextlib.suppress(Error):
                    items += [item.data for item in await work.fetch(20 - len(items), timeout=2)]
            return items

    with three(tmp_path, tmp_path / "keys" if guarded else None) as nodes:
        assert run(use(nodes)) == [b"%d" % number for number in range(20)]
