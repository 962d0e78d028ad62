from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.errors import ClosedError, ConfigError, WireError
from rushes.testing import snapshot
from rushes.wire.zmq_sockets import ipc_folder
from tests.support.wire_peers import publisher, subscriber


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.mark.parametrize("at", ["tcp://127.0.0.1:0", "ipc://one"])
def test_messages_arrive_and_requests_go_back(at: str) -> None:
    sender, sent = publisher(at)
    receiver, heard = subscriber(sender.address if at.startswith("tcp") else at)
    with sender, receiver:
        assert sent.wait("subscribed") == b"p"
        assert sender.subscribed(b"p") == 1
        assert sender.subscribed(b"d") == 0
        assert sender.publish(b"p", b"head", b"body")
        assert heard.next() == [b"phead", b"body"]
        receiver.send_up(b"k")
        assert sent.wait("request") == b"k"


def test_two_receivers_are_two_subscriptions() -> None:
    sender, sent = publisher()
    first, _ = subscriber(sender.address)
    second, _ = subscriber(sender.address)
    with sender, first, second:
        sent.wait("subscribed")
        sent.wait("subscribed")
        assert sender.subscribed(b"p") == 2
        second.close()
        sent.wait("unsubscribed")
        assert sender.subscribed(b"p") == 1


def test_a_large_payload_is_sent_from_where_it_lies() -> None:
    sender, sent = publisher()
    receiver, heard = subscriber(sender.address)
    released = threading.Event()
    outcome: list[bool] = []

    def done(was_sent: bool) -> None:
        outcome.append(was_sent)
        released.set()

    pixels = np.arange(1 << 20, dtype=np.uint32).reshape(1024, 1024)
    with sender, receiver:
        sent.wait("subscribed")
        sender.publish(b"p", b"", pixels, done=done)
        assert heard.next()[1] == pixels.tobytes()
        assert released.wait(10)
    assert outcome == [True]


def told(outcome: list[tuple[int, bool]], number: int, was_sent: bool) -> None:
    outcome.append((number, was_sent))


def test_the_newest_win_and_each_dropped_one_is_told() -> None:
    sender, sent = publisher(hwm=2)
    receiver, heard = subscriber(sender.address)
    gate, held = threading.Event(), threading.Event()

    def hold(*_: Any) -> None:
        held.set()
        gate.wait(20)

    with sender, receiver:
        sent.wait("subscribed")
        sender._on_event = hold
        receiver.send_up(b"k")
        assert held.wait(10)
        outcome: list[tuple[int, bool]] = []
        kept = []
        for number in range(5):
            done = partial(told, outcome, number)
            kept.append(sender.publish(b"p", b"", bytes([number]), done=done))
        assert kept == [True, True, False, False, False]
        assert outcome == [(0, False), (1, False), (2, False)]
        assert (sender.waiting, sender.dropped) == (2, 3)
        gate.set()
        assert [heard.next()[1], heard.next()[1]] == [b"\3", b"\4"]


def test_a_broken_callback_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sender, sent = publisher()
    receiver, heard = subscriber(sender.address)
    real, failed = heard.message, threading.Event()

    def broken(parts: list[memoryview]) -> None:
        receiver._on_message = real
        failed.set()
        raise RuntimeError("broken")

    receiver._on_message = broken
    with sender, receiver:
        sent.wait("subscribed")
        sender.publish(b"p", b"", b"1")
        assert failed.wait(10)
        sender.publish(b"p", b"", b"2")
        assert heard.next()[1] == b"2"
    assert "callback" in caplog.text


def test_wrong_use_is_said_at_the_call() -> None:
    sender, _ = publisher()
    with sender:
        with pytest.raises(ConfigError, match="contiguous"):
            sender.publish(b"p", b"", np.zeros((4, 4))[:, ::2])
        with pytest.raises(ConfigError, match="over"):
            sender.publish(b"p", b"", np.zeros((64 << 20) + 1, dtype=np.uint8))
        with pytest.raises(WireError, match="cannot open"):
            publisher(sender.address)
        with pytest.raises(ConfigError, match="no topics"):
            subscriber(sender.address, ())
    with pytest.raises(ClosedError):
        sender.publish(b"p", b"", b"")
    with pytest.raises(ConfigError, match="hwm"):
        publisher(hwm=0)


def test_an_open_address_needs_keys_or_a_word_that_it_is_meant() -> None:
    with pytest.raises(ConfigError, match="insecure=True"):
        publisher("tcp://0.0.0.0:0")
    publisher("tcp://0.0.0.0:0", insecure=True)[0].close()


def test_a_receiver_may_bind_and_senders_come_to_it() -> None:
    receiver, heard = subscriber("tcp://127.0.0.1:0", bind=True)
    sender, sent = publisher(receiver.address, bind=False)
    with receiver, sender:
        sent.wait("subscribed")
        sender.publish(b"p", b"", b"x")
        assert heard.next()[1] == b"x"


def test_close_from_a_callback_does_not_hang() -> None:
    sender, sent = publisher()
    sender._on_event = lambda what, detail: (sender.close(), sent.event(what, detail))
    receiver, _ = subscriber(sender.address)
    with receiver:
        sent.events.get(timeout=20)
        sender._thread.join(10)
        assert not sender._thread.is_alive()


def test_many_cycles_leave_nothing() -> None:
    before = snapshot()
    for _ in range(40):
        sender, sent = publisher()
        receiver, _ = subscriber(sender.address)
        sent.wait("subscribed")
        sender.publish(b"p", b"", bytes(100_000), done=lambda _: None)
        receiver.close()
        sender.close()
    assert snapshot(settle_after=before).leaks_since(before) == []


def test_a_forked_child_is_told_that_the_link_is_not_its_own() -> None:
    sender, sent = publisher()
    receiver, heard = subscriber(sender.address)
    with sender, receiver:
        sent.wait("subscribed")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                sender.publish(b"p", b"", b"child")
            except ClosedError:
                sender.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        sender.publish(b"p", b"", b"parent")
        assert heard.next()[1] == b"parent"


def test_a_shared_ipc_folder_is_refused(tmp_path: Path) -> None:
    ipc_folder().chmod(0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        publisher("ipc://one")
