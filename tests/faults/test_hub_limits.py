"""A hub that is asked to take more than it may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nats.errors
import pytest
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy
from nats.js.errors import APIError

from rushes.wire.hub import Hub
from rushes.wire.hub_config import MAX_PAYLOAD_BYTES
from tests.support.nats_hub import client, hub, run, work_store

MB = 1024 * 1024


def test_a_message_over_the_limit_is_refused_and_the_largest_allowed_is_not(tmp_path: Path) -> None:
    async def use(running: Hub) -> None:
        async with client(running, running.credentials("admin")) as connection:
            jetstream = connection.jetstream()
            await work_store(jetstream)
            await jetstream.publish("rushes.cam.work", bytes(MAX_PAYLOAD_BYTES))
            with pytest.raises(nats.errors.MaxPayloadError):
                await jetstream.publish("rushes.cam.work", bytes(MAX_PAYLOAD_BYTES + 1))

    with hub(tmp_path) as running:
        run(use(running))


def test_a_client_that_lies_about_its_size_is_cut_off_and_others_go_on(tmp_path: Path) -> None:
    async def use(running: Hub) -> bytes:
        async with client(running, running.credentials("admin")) as connection:
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b'CONNECT {"verbose":false}\r\nPUB rushes.cam.work %d\r\n' % (64 * MB))
            told = await reader.read()
            writer.close()
            await connection.flush()
            return told

    with hub(tmp_path) as running:
        assert b"Maximum Payload Violation" in run(use(running))


def test_a_full_store_refuses_more_and_takes_it_again_when_there_is_room(tmp_path: Path) -> None:
    async def fill(jetstream: JetStreamContext) -> None:
        for _ in range(5):
            await jetstream.publish("rushes.cam.work", bytes(MB))

    async def use(running: Hub) -> None:
        async with client(running, running.credentials("admin")) as connection:
            jetstream = connection.jetstream()
            await work_store(jetstream)
            for _ in range(4):
                await jetstream.publish("rushes.cam.work", bytes(MB))
            with pytest.raises(APIError, match="insufficient"):
                await fill(jetstream)
            await jetstream.purge_stream("W_cam")
            await jetstream.publish("rushes.cam.work", bytes(MB))

    with hub(tmp_path, max_bytes=8 * MB) as running:
        run(use(running))


def test_a_stream_that_claims_more_than_the_hub_has_is_refused(tmp_path: Path) -> None:
    async def use(running: Hub) -> None:
        async with client(running, running.credentials("admin")) as connection:
            with pytest.raises(APIError, match="insufficient"):
                await work_store(connection.jetstream(), max_bytes=64 * MB, discard=DiscardPolicy.NEW)
            await work_store(connection.jetstream(), max_bytes=4 * MB, discard=DiscardPolicy.NEW)

    with hub(tmp_path, max_bytes=8 * MB) as running:
        run(use(running))
