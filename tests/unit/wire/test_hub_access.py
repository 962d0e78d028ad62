"""Each role does its part on a real server, and is refused everybody else's."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import nats.errors
import pytest
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import NotFoundError

from rushes.wire import hub_roles
from rushes.wire.hub import Hub
from rushes.wire.hub_roles import Credentials
from tests.support.nats_hub import Errors, client, hub, run, work_store


@pytest.fixture(scope="module", params=[("cam",), ()], ids=["named streams", "any stream"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    hub_roles.new(folder / "keys")
    with hub(folder / "data", keys=folder / "keys", streams=request.param) as running:
        yield running


async def complained(errors: Errors, words: str) -> None:
    """Waits until the server has complained of it; the test's own bound ends a wait in vain."""
    while words not in str(await errors.get()).lower():
        pass


def test_work_goes_from_streamer_to_worker_and_its_result_to_the_receiver(guarded: Hub) -> None:
    complaints: Errors = asyncio.Queue()

    async def use() -> list[bytes]:
        async with (
            client(guarded, guarded.credentials("streamer"), errors=complaints) as streamer,
            client(guarded, guarded.credentials("worker"), errors=complaints) as worker,
            client(guarded, guarded.credentials("receiver"), errors=complaints) as receiver,
        ):
            await work_store(streamer.jetstream())
            out = receiver.jetstream()
            await out.add_stream(StreamConfig(name="R_cam", subjects=["rushes.cam.result"]))
            results = await out.pull_subscribe("rushes.cam.result", durable="out", stream="R_cam")
            for _ in range(2):
                sent = await streamer.jetstream().publish(
                    "rushes.cam.work", b"frame", headers={"Nats-Msg-Id": "cam-1-0"}
                )
            assert sent.duplicate
            work = await worker.jetstream().pull_subscribe_bind(durable="faces", stream="W_cam")
            (item,) = await work.fetch(1, timeout=5)
            await item.in_progress()
            await item.nak()
            (item,) = await work.fetch(1, timeout=5)
            assert item.metadata.num_delivered == 2
            await worker.jetstream().publish("rushes.cam.result", b"a face in " + item.data)
            await item.ack_sync(timeout=5)
            assert (await streamer.jetstream().consumer_info("W_cam", "faces")).ack_floor.stream_seq == 1
            (result,) = await results.fetch(1, timeout=5)
            await result.ack_sync(timeout=5)
            return [result.data]

    assert run(use()) == [b"a face in frame"]
    assert complaints.empty()


def test_a_live_stream_goes_to_viewers_and_their_requests_come_back(guarded: Hub) -> None:
    complaints: Errors = asyncio.Queue()

    async def use() -> tuple[bytes, bytes]:
        async with (
            client(guarded, guarded.credentials("streamer"), errors=complaints) as streamer,
            client(guarded, guarded.credentials("viewer"), errors=complaints) as viewer,
        ):
            frames = await viewer.subscribe("rushes.cam.live.>")
            requests = await streamer.subscribe("rushes.cam.ask.>")
            await viewer.flush()
            await streamer.flush()
            await viewer.publish("rushes.cam.ask.key", b"k")
            await streamer.publish("rushes.cam.live.jpeg", b"frame")
            return (await frames.next_msg(5)).data, (await requests.next_msg(5)).data

    assert run(use()) == (b"frame", b"k")
    assert complaints.empty()


@pytest.mark.parametrize(
    ("role", "subject"),
    [
        ("viewer", "rushes.cam.work"),
        ("viewer", "rushes.cam.result"),
        ("viewer", "rushes.cam.live.jpeg"),
        ("viewer", "$JS.API.STREAM.INFO.W_cam"),
        ("viewer", "$JS.API.CONSUMER.MSG.NEXT.W_cam.faces"),
        ("worker", "rushes.cam.work"),
        ("worker", "rushes.cam.live.jpeg"),
        ("worker", "$JS.API.STREAM.CREATE.W_cam"),
        ("worker", "$JS.API.STREAM.PURGE.W_cam"),
        ("worker", "$JS.API.STREAM.DELETE.W_cam"),
        ("worker", "$JS.API.CONSUMER.DELETE.W_cam.faces"),
        ("streamer", "rushes.cam.result"),
        ("receiver", "rushes.cam.work"),
        ("receiver", "$JS.API.STREAM.DELETE.R_cam"),
        ("streamer", "$SYS.REQ.SERVER.PING"),
        ("receiver", "_INBOX_worker.x"),
        ("station", "rushes.cam.live"),
        ("station", "rushes.cam.ask"),
        ("station", "$JS.API.INFO"),
        ("viewer", "rushes-fleet.here"),
        ("streamer", "rushes-fleet.ask.x"),
    ],
)
def test_a_role_may_not_say_what_is_anothers(guarded: Hub, role: str, subject: str) -> None:
    complaints: Errors = asyncio.Queue()

    async def use() -> None:
        async with client(guarded, guarded.credentials(role), errors=complaints) as connection:
            await connection.publish(subject, b"")
            await complained(complaints, f'publish to "{subject.lower()}"')

    run(use())


@pytest.mark.parametrize(
    ("role", "subject"),
    [
        ("viewer", "rushes.cam.work"),
        ("viewer", "_INBOX_worker.>"),
        ("viewer", "_INBOX.>"),
        ("worker", "rushes.cam.result"),
        ("worker", "rushes.>"),
        ("receiver", ">"),
        ("streamer", "$JS.EVENT.>"),
        ("viewer", "$SYS.>"),
        ("viewer", "rushes-fleet.>"),
        ("station", "rushes.cam.live"),
    ],
)
def test_a_role_may_not_hear_what_is_anothers(guarded: Hub, role: str, subject: str) -> None:
    complaints: Errors = asyncio.Queue()

    async def use() -> None:
        async with client(guarded, guarded.credentials(role), errors=complaints) as connection:
            await connection.subscribe(subject)
            await complained(complaints, f'subscription to "{subject.lower()}"')

    run(use())


def test_named_streams_are_all_that_can_be_reached(tmp_path: Path) -> None:
    hub_roles.new(tmp_path / "keys")
    complaints: Errors = asyncio.Queue()

    async def use(running: Hub) -> None:
        async with client(running, running.credentials("streamer"), errors=complaints) as connection:
            await connection.publish("rushes.other.work", b"")
            await complained(complaints, 'publish to "rushes.other.work"')
            with pytest.raises(nats.errors.TimeoutError):
                await connection.jetstream(timeout=0.5).add_consumer(
                    "W_other", ConsumerConfig(durable_name="x")
                )

    with hub(tmp_path / "data", keys=tmp_path / "keys", streams=["cam"]) as running:
        run(use(running))


async def refused(running: Hub, who: Credentials) -> str:
    """What a client is told that is not let in; nothing when it is."""
    told: Errors = asyncio.Queue()
    try:
        async with client(running, who, allow_reconnect=False, max_reconnect_attempts=0, errors=told):
            return ""
    except (nats.errors.Error, OSError) as error:
        return " ".join([repr(error), *(repr(told.get_nowait()) for _ in range(told.qsize()))]).lower()


def test_a_wrong_password_is_refused(guarded: Hub) -> None:
    wrong = dataclasses.replace(guarded.credentials("worker"), password="x" * 43)
    assert "authorization" in run(refused(guarded, wrong))


def test_the_password_of_another_role_is_refused(guarded: Hub) -> None:
    mixed = dataclasses.replace(guarded.credentials("viewer"), role="admin")
    assert "authorization" in run(refused(guarded, mixed))


def test_nobody_comes_in_without_a_password(guarded: Hub) -> None:
    nobody = dataclasses.replace(guarded.credentials("worker"), password="")
    assert "authorization" in run(refused(guarded, nobody))


def test_a_server_of_another_authority_is_not_believed(guarded: Hub, tmp_path: Path) -> None:
    hub_roles.new(tmp_path)
    assert "certificate" in run(refused(guarded, hub_roles.credentials(tmp_path, "worker")))


def test_a_roles_certificate_does_not_pass_for_the_servers(tmp_path: Path) -> None:
    """Which counts the more as the name of the server is not looked at."""
    hub_roles.new(tmp_path)
    mine = hub_roles.credentials(tmp_path, "worker")
    assert mine.certificate is not None
    pretended, told = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    pretended.load_cert_chain(mine.certificate, mine.key)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        pretended.wrap_bio(to_server, to_client, server_side=True),
        mine.options()["tls"].wrap_bio(to_client, to_server, server_hostname="localhost"),
    ]
    for _ in range(4):
        for end in reversed(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                told.append(str(error))
    assert "unsuitable certificate purpose" in " ".join(told)


def test_nobody_comes_in_unencrypted(guarded: Hub) -> None:
    mine = guarded.credentials("worker")
    login = json.dumps({"user": mine.role, "pass": mine.password, "verbose": False})
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=10) as connection:
        assert b'"tls_required":true' in connection.recv(4096)
        connection.sendall(f"CONNECT {login}\r\nPING\r\n".encode())
        answer = b""
        with contextlib.suppress(ConnectionError):
            while more := connection.recv(4096):
                answer += more
    assert b"PONG" not in answer


def test_mutual_asks_for_a_certificate_as_well(tmp_path: Path) -> None:
    hub_roles.new(tmp_path / "keys")
    with hub(tmp_path / "data", keys=tmp_path / "keys", mutual=True) as running:
        mine = running.credentials("worker")
        assert run(refused(running, mine)) == ""
        assert run(refused(running, dataclasses.replace(mine, certificate=None, key=None)))


def test_a_store_that_is_not_there_is_an_ordinary_answer(guarded: Hub) -> None:
    async def use() -> None:
        async with client(guarded, guarded.credentials("admin")) as connection:
            with pytest.raises(NotFoundError):
                await connection.jetstream().stream_info("W_nobody")

    run(use())
