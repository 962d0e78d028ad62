"""Hubs whose server, or whose own process, is killed."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext

from rushes.errors import WireError
from rushes.wire.endpoint import parse
from rushes.wire.hub import Hub, HubStats
from rushes.wire.hub_server import VARIABLE, find
from tests.support.nats_hub import Events, client, gone, hub, run, work_store


def kill(running: Hub, number: int = signal.SIGKILL) -> int:
    pid = running.stats().pid
    assert pid is not None
    os.kill(pid, number)
    return pid


@contextlib.contextmanager
def program(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A program with a hub in ``folder``, and the process ids it tells."""
    command = [sys.executable, "-m", "tests.support.nats_hub_child", str(folder), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, [int(word) for word in process.stdout.readline().split()]
        finally:
            process.kill()


def test_a_killed_server_comes_back_at_its_port_with_what_was_stored(tmp_path: Path) -> None:
    events = Events()

    async def use(running: Hub) -> list[bytes]:
        async with client(running, running.credentials("admin")) as connection:
            jetstream = connection.jetstream(timeout=1)
            await work_store(jetstream)
            for number in range(20):
                if number == 10:
                    port, begun = running.port, time.monotonic()
                    kill(running)
                    assert await asyncio.to_thread(events.next, "down") == "killed by signal 9 (Killed)"
                    await asyncio.to_thread(events.next, "up")
                    print(f"up again after {(time.monotonic() - begun) * 1e3:.0f} ms")
                    assert running.port == port
                await _publish(jetstream, b"%d" % number)
            work = await jetstream.pull_subscribe_bind(durable="faces", stream="W_cam")
            items: list[Msg] = []
            while len(items) < 20:
                items += await work.fetch(20 - len(items), timeout=5)
            return [item.data for item in items]

    with hub(tmp_path, on_event=events) as running:
        events.next("up")
        assert run(use(running)) == [b"%d" % number for number in range(20)]
        assert running.stats().restarts == 1


async def _publish(jetstream: JetStreamContext, data: bytes) -> None:
    for _ in range(100):
        try:
            await jetstream.publish("rushes.cam.work", data, headers={"Nats-Msg-Id": data.decode()})
            return
        except (Error, OSError):
            await asyncio.sleep(0.02)
    raise AssertionError("never taken")


def test_a_server_asked_to_end_by_somebody_else_comes_back_too(tmp_path: Path) -> None:
    events = Events()
    with hub(tmp_path, on_event=events) as running:
        events.next("up")
        kill(running, signal.SIGTERM)
        assert "exit code" in events.next("down")
        events.next("up")
        assert running.stats().up


@pytest.mark.parametrize("options", [(), ("fork",)], ids=["alone", "with a forked child that lives on"])
def test_a_killed_program_leaves_no_server_and_its_folder_free(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with program(tmp_path, *options) as (process, (server, *children)):
        assert Path(f"/proc/{server}/comm").read_text() == "nats-server\n"
        process.kill()
        process.wait()
        try:
            with hub(tmp_path) as running:  # the lock outlives the hub until its server has ended
                assert gone(server, 0.5)
                assert running.stats().up
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)


def test_a_program_that_ends_without_closing_leaves_no_server(tmp_path: Path) -> None:
    source = "from tests.support.nats_hub_child import *; hub = Hub(parse('tcp://127.0.0.1:0'), folder=sys.argv[1]);"
    command = [sys.executable, "-c", source + "print(hub.stats().pid)", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stderr == ""
    assert gone(int(ended.stdout), 1.0)


def test_a_folder_that_another_program_has_is_refused_by_that_programs_name(tmp_path: Path) -> None:
    with (
        program(tmp_path) as (process, _),
        pytest.raises(ValueError, match=f"process {process.pid} .*nats_hub_child"),
    ):
        Hub(parse("tcp://127.0.0.1:0"), folder=tmp_path)


def test_a_forked_childs_close_leaves_the_server_alone(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        child = multiprocessing.get_context("fork").Process(target=running.close)
        child.start()
        child.join(30)
        assert child.exitcode == 0
        child.close()
        assert running.stats().up
        socket.create_connection(("127.0.0.1", running.port), 5).close()


def test_a_server_that_does_not_end_when_asked_is_killed(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        pid = kill(running, signal.SIGSTOP)
    assert gone(pid, 0.5)


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file; once it is there, every server that is started says so and ends."""
    flag, wrapper = tmp_path / "flag", tmp_path / "nats-server"
    wrapper.write_text(
        f'#!/bin/sh\n[ ! -e {flag} ] || {{ echo the disk is gone >&2; exit 3; }}\nexec {find({}).path} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(wrapper))
    return flag


def test_one_that_dies_again_and_again_is_given_up_with_its_last_words(tmp_path: Path, mortal: Path) -> None:
    events = Events()
    with hub(tmp_path / "data", on_event=events) as running:
        events.next("up")
        mortal.touch()
        kill(running)
        error = events.next("failed")
        assert isinstance(error, WireError)
        assert "5 times in a row" in str(error)
        assert "the disk is gone" in str(error)
        assert running.error is error
        with pytest.raises(WireError, match="the disk is gone"):
            running.check()
        assert running.stats() == HubStats(up=False, pid=None, restarts=0)


def test_a_close_in_between_two_starts_is_quick(tmp_path: Path, mortal: Path) -> None:
    events = Events()
    with hub(tmp_path / "data", on_event=events) as running:
        mortal.touch()
        kill(running)
        events.next("down")
    assert running.closed


def test_a_close_from_its_own_callback_does_not_wait_for_itself(tmp_path: Path) -> None:
    events = Events()

    def end(what: str, detail: object) -> None:
        events(what, detail)
        if what == "down":
            running.close()

    running = Hub(parse("tcp://127.0.0.1:0"), folder=tmp_path, on_event=end)
    kill(running)
    events.next("down")
    while running._keeper._thread.is_alive():
        running._keeper._thread.join(30)
    assert running.closed
