"""Who is let in, and how a link begins and ends."""

from __future__ import annotations

import builtins
import dataclasses
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import AccessDenied, ClosedError, ConfigError, DeadlineExceeded, MissingExtra, PeerGone
from rushes.wire import hub_roles
from rushes.wire.hub import Hub
from rushes.wire.jetstream import JetLink
from tests.support.jet import LONG_S, WORK, Taken, link, linked, send, stored, until
from tests.support.nats_hub import Events, free_ports, hub


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    hub_roles.new(folder / "keys")
    with hub(folder / "data", keys=folder / "keys", streams=("cam", "other")) as running:
        yield running


def test_each_role_does_its_part(guarded: Hub) -> None:
    complaints = Events()
    with (
        link(guarded, "streamer", on_event=complaints) as streamer,
        link(guarded, "worker", on_event=complaints) as worker,
        link(guarded, "receiver", on_event=complaints) as receiver,
    ):
        assert streamer.wait_up().startswith("tls://")
        streamer.work_stream("cam", ["faces"])
        receiver.result_stream("cam")
        stored(send(streamer, range(1)))
        taken, results = Taken(), Taken()
        with (
            worker.pull("cam", "faces", batch=1, on_item=taken),
            receiver.pull_results("cam", batch=1, on_item=results),
        ):
            item = taken.item()
            worker.publish("rushes.cam.result.faces", "r-0", item.head, item.payload).result(LONG_S)
            item.ack_sync()
            results.item().ack_sync()
        assert streamer.backlog("cam")["faces"].waiting == 0
    heard = [what for what, _ in list(complaints._heard.queue)]
    assert "denied" not in heard


def test_a_wrong_password_is_told_and_every_call_says_so(guarded: Hub) -> None:
    wrong = dataclasses.replace(guarded.credentials("worker"), password="x" * 43)
    events = Events()
    with link(guarded.url, credentials=wrong, on_event=events) as made:
        denied = events.next("denied")
        assert isinstance(denied, AccessDenied)
        assert "name and password" in str(denied)
        assert "x" * 43 not in str(denied)
        with pytest.raises(AccessDenied):
            made.work_stream("cam", ["faces"])
        with pytest.raises(AccessDenied):
            send(made, range(1))


def test_a_message_that_waits_for_the_connection_learns_that_it_is_denied(guarded: Hub) -> None:
    wrong = dataclasses.replace(guarded.credentials("worker"), password="x" * 43)
    gate = threading.Event()
    with link(guarded.url, credentials=wrong, on_event=lambda what, _: gate.wait(LONG_S)) as made:
        ticket = made.publish(WORK, "cam-0", b"", b"") if made._dialer.denied is None else None
        gate.set()
        if ticket is not None:
            with pytest.raises(AccessDenied):
                ticket.result(LONG_S)


def test_a_client_without_keys_is_denied(guarded: Hub) -> None:
    events = Events()
    with link(guarded.url, on_event=events):
        assert "certificates" in str(events.next("denied"))


def test_a_role_may_not_do_anothers_part(guarded: Hub) -> None:
    events = Events()
    with link(guarded, "worker", on_event=events) as made:
        with pytest.raises(AccessDenied, match="W_cam"):
            made.work_stream("cam", ["faces"])
        with pytest.raises(AccessDenied, match=r"rushes\.cam\.work"):
            stored(send(made, range(1)))
        assert isinstance(events.next("denied"), AccessDenied)


def test_no_password_is_told_to_a_server_without_tls(guarded: Hub) -> None:
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def stand_in() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(
                    b'INFO {"server_id":"x","version":"2.11.0","auth_required":true,"max_payload":1048576}\r\n'
                )
                told.append(connection.recv(4096))

        thread = threading.Thread(target=stand_in)
        thread.start()
        events = Events()
        url = f"tls://127.0.0.1:{server.getsockname()[1]}"
        with link(url, credentials=guarded.credentials("worker"), on_event=events):
            assert "without TLS" in str(events.next("denied"))
        thread.join(LONG_S)
    assert told == [b""]


def test_a_password_in_an_address_is_used_and_shown_nowhere(guarded: Hub) -> None:
    who = guarded.credentials("worker")
    port = guarded.port
    bare = dataclasses.replace(who, password="")
    with JetLink([f"tls://worker:{who.password}@127.0.0.1:{port}"], credentials=bare) as made:
        assert made.wait_up() == f"tls://127.0.0.1:{port}"
        assert who.password not in repr(vars(made))
        assert who.password not in made.endpoint


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:4222", "http://h:1", "nats://:secret@/", "nats://u:secret@h:x", "nats://u:secret@h/s"],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        JetLink([url])
    assert "secret" not in str(refused.value)


def test_a_server_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    events = Events()
    with link(f"nats://127.0.0.1:{port}", on_event=events) as made:
        tickets = send(made, range(2))
        with pytest.raises(PeerGone, match=f"127.0.0.1:{port}"):
            made.wait_up(0.2)
        with hub(tmp_path, f"tcp://127.0.0.1:{port}"):
            assert events.next("up") == f"nats://127.0.0.1:{port}"
            made.work_stream("cam", ["faces"])
            assert stored(tickets) == [1, 2]


def test_closing_while_pulling_and_publishing_ends_every_wait(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        ended: list[str] = []
        with link(running, window=1, settle_s=60) as made:
            made.wait_up()
            made.pull("cam", "faces", batch=4, on_item=print)
            ticket = made.publish(WORK, "cam-0", b"", b"")  # there is no store to take it

            def wait(what: str, work: Any) -> None:
                try:
                    work()
                except ClosedError:
                    ended.append(what)

            threads = [
                threading.Thread(target=wait, args=each)
                for each in (
                    ("result", ticket.result),
                    ("publish", lambda: made.publish(WORK, "cam-1", b"", b"")),
                )
            ]
            for thread in threads:
                thread.start()
            time.sleep(0.1)
        for thread in threads:
            thread.join(LONG_S)
        assert sorted(ended) == ["publish", "result"]
        for call in (made.wait_up, lambda: made.tracks("cam"), lambda: send(made, range(1))):
            with pytest.raises(ClosedError):
                call()
        made.close()


def test_a_link_can_be_closed_from_its_own_callback(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        links: list[JetLink] = []
        ready = threading.Event()

        def close(what: str, detail: object) -> None:
            ready.wait(LONG_S)
            links[0].close()

        made = JetLink([running.url], on_event=close)
        links.append(made)
        ready.set()
        assert until(lambda: made.closed, bool)
        made._thread._thread.join(LONG_S)


def test_a_frozen_server_does_not_keep_a_link_from_closing(tmp_path: Path) -> None:
    import signal

    with hub(tmp_path) as running:
        pid = running.stats().pid
        assert pid is not None
        with link(running) as made:
            made.work_stream("cam", ["faces"])
            os.kill(pid, signal.SIGSTOP)
            try:
                tickets = send(
                    made, range(16), payload=bytes(4 << 20)
                )  # more than any buffer on the way holds
                with pytest.raises(DeadlineExceeded):
                    tickets[-1].result(0.3)
                begun = time.monotonic()
                made.close()
                assert time.monotonic() - begun < 5
            finally:
                os.kill(pid, signal.SIGCONT)
        assert all(ticket.done for ticket in tickets)


def test_a_forked_child_has_a_closed_link_and_leaves_the_parents_alone(tmp_path: Path) -> None:
    with linked(tmp_path) as (_, made):
        made.work_stream("cam", ["faces"])
        child = multiprocessing.get_context("fork").Process(target=_use_a_closed_link, args=(made,))
        child.start()
        child.join(LONG_S)
        code = child.exitcode
        child.close()
        assert code == 0
        assert stored(send(made, range(1))) == [1]


def _use_a_closed_link(made: JetLink) -> None:
    for call in (lambda: send(made, range(1)), lambda: made.tracks("cam"), made.wait_up):
        try:
            call()
        except ClosedError:
            continue
        os._exit(1)
    made.close()


def test_a_program_that_forgets_its_link_ends(tmp_path: Path) -> None:
    source = "import sys; from rushes.wire.jetstream import JetLink; it = JetLink([sys.argv[1]]); print(it.wait_up())"
    with hub(tmp_path) as running:
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", source, running.url]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (ended.stdout.strip(), ended.stderr) == (running.url, "")


def test_without_the_client_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "nats" or name.startswith("nats."):
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"rushes\[hub\]"):
        JetLink(["nats://127.0.0.1:9"])
