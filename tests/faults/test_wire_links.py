"""Links whose other end is stopped, killed, not let in, or sends what may not be sent."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq

from rushes.errors import AccessDenied, BadMessage
from rushes.wire.keys import Keys, client, load, new
from rushes.wire.zmq_sockets import MAX_PART_BYTES
from tests.support.wire_peers import publisher, subscriber

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    new(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(*words: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tests.support.wire_child", *words]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            stack.enter_context(child)
            stack.callback(child.kill)
            return child

        yield begin


@pytest.fixture(params=["tcp", "ipc"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if request.param == "ipc":
        return "ipc://cam"
    sender, _ = publisher()
    sender.close()
    return sender.address


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_a_killed_publisher_is_missed_and_its_successor_found(start: Start, address: str) -> None:
    receiver, heard = subscriber(address)
    with receiver:
        first = start("publish", address)
        heard.next()
        first.kill()
        heard.wait("down")
        while not heard.messages.empty():
            heard.messages.get()
        start("publish", address)
        heard.wait("up")
        heard.next()


def test_a_killed_receiver_is_missed_and_its_successor_served(start: Start, address: str) -> None:
    sender, sent = publisher(address)
    with sender:
        for _ in range(2):
            child = start("receive", address)
            sent.wait("subscribed")
            sender.publish(b"p", b"", (7).to_bytes(8, "big"))
            assert line(child) == "7"
            child.kill()
            sent.wait("unsubscribed")  # "down" comes another way, and may come before it
        assert sender.subscribed(b"p") == 0


def test_a_stopped_receiver_costs_only_itself(start: Start) -> None:
    sender, sent = publisher()
    receiver, heard = subscriber(sender.address)
    with sender, receiver:
        sent.wait("subscribed")
        child = start("receive", sender.address)
        sent.wait("subscribed")
        child.send_signal(signal.SIGSTOP)
        released, body = threading.Semaphore(0), bytes(1 << 20)
        for number in range(60):  # far more than all buffers on the way to the stopped one hold
            assert sender.publish(
                b"p", b"", number.to_bytes(8, "big") + body, done=lambda _: released.release()
            )
            assert heard.next()[1][:8] == number.to_bytes(8, "big")
        sent.wait("down")
        for _ in range(60):  # what lay before the stopped one is free again once it is given up
            assert released.acquire(timeout=20)
        child.send_signal(signal.SIGCONT)
        sent.wait("subscribed")
        sender.publish(b"p", b"", (999).to_bytes(8, "big"))
        while line(child) != "999":
            pass


def test_a_stopped_publisher_is_waited_for_and_refuses_nobody(start: Start) -> None:
    idle, _ = publisher()
    idle.close()
    child = start("publish", idle.address)
    receiver, heard = subscriber(idle.address)
    with receiver:
        heard.next()
        heard.wait("up")
        child.send_signal(signal.SIGSTOP)
        with pytest.raises(queue.Empty):  # for longer than a handshake may take
            heard.events.get(timeout=2.5)
        while not heard.messages.empty():
            heard.messages.get()
        child.send_signal(signal.SIGCONT)
        heard.next()


def test_the_right_keys_let_messages_through(keys: Path) -> None:
    client(keys, "bob")
    (keys / "client.key").write_bytes((keys / "bob.key").read_bytes())
    sender, sent = publisher("tcp://0.0.0.0:0", keys=load(keys, "server"))
    receiver, heard = subscriber(at_home(sender.address), keys=load(keys, "client"))
    with sender, receiver:
        sent.wait("subscribed")
        sender.publish(b"p", b"h", b"secret")
        assert heard.next() == [b"ph", b"secret"]


def at_home(address: str) -> str:
    return address.replace("0.0.0.0", "127.0.0.1")


def not_allowed(keys: Path, other: Path) -> Keys | None:
    client(keys, "bob")  # somebody is allowed, only not this one
    (keys / "allowed" / "client.pub").unlink()
    return load(keys, "client")


def wrong_server(keys: Path, other: Path) -> Keys | None:
    new(other)
    (keys / "server.pub").write_bytes((other / "server.pub").read_bytes())
    return load(keys, "client")


def no_keys(keys: Path, other: Path) -> Keys | None:
    return None


@pytest.mark.parametrize("credentials", [not_allowed, wrong_server, no_keys])
def test_whoever_is_not_let_in_is_told_and_gets_nothing(
    keys: Path, tmp_path: Path, credentials: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    server = load(keys, "server")
    mine = credentials(keys, tmp_path / "other")
    sender, sent = publisher(keys=server)
    receiver, heard = subscriber(sender.address, keys=mine)
    with sender, receiver:
        denied = heard.wait("denied")
        assert isinstance(denied, AccessDenied)
        assert isinstance(sent.wait("refused"), AccessDenied)
        sender.publish(b"p", b"", b"secret")
        assert sender.subscribed(b"p") == 0
        assert heard.messages.empty()
        told = f"{denied} {receiver!r} {sender!r} {receiver.__dict__} {sender.__dict__} {caplog.text}"
    assert server.secret.decode() not in told
    assert mine is None or mine.secret.decode() not in told


def test_one_admitted_later_comes_in_without_a_restart(keys: Path) -> None:
    public = keys / "allowed" / "client.pub"
    kept = public.read_bytes()
    public.unlink()
    sender, sent = publisher(keys=load(keys, "server"))
    receiver, heard = subscriber(sender.address, keys=load(keys, "client"))
    with sender, receiver:
        heard.wait("denied")
        public.write_bytes(kept)
        heard.wait("up")
        sent.wait("subscribed")


def test_keys_of_our_own_reach_no_open_publisher(keys: Path) -> None:
    sender, _ = publisher()
    receiver, heard = subscriber(sender.address, keys=load(keys, "client"))
    with sender, receiver:
        assert isinstance(heard.wait("denied"), AccessDenied)
        assert heard.messages.empty()


def test_an_oversize_message_is_told_and_the_next_one_arrives() -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as sender:
        sender.linger = 0
        sender.setsockopt(zmq.XPUB_VERBOSE, 1)
        sender.setsockopt(zmq.RCVTIMEO, 20_000)
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        receiver, heard = subscriber(f"tcp://127.0.0.1:{port}")
        with receiver:
            assert sender.recv() == b"\x01p"
            sender.send_multipart([b"p", bytes(MAX_PART_BYTES + 1)])
            assert isinstance(heard.wait("cut"), BadMessage)
            heard.wait("up")
            while sender.recv() != b"\x01p":
                pass  # the end of the first subscription, told before or not at all
            sender.send_multipart([b"p", b"small"])
            assert heard.next() == [b"p", b"small"]


def test_of_too_many_parts_only_so_many_are_kept_that_it_shows() -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as sender:
        sender.linger = 0
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        receiver, heard = subscriber(f"tcp://127.0.0.1:{port}")
        with receiver:
            sender.recv()
            sender.send_multipart([b"p"] * 1000)
            assert len(heard.next()) == 3


def test_a_program_that_forgets_its_links_ends() -> None:
    program = (
        "from tests.support.wire_peers import publisher, subscriber\n"
        "s, sent = publisher(); r, heard = subscriber(s.address); sent.wait('subscribed')\n"
        "for n in range(50): s.publish(b'p', b'', bytes(1000000), done=print)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
