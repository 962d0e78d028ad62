"""A hub with its server: up, found, used, and gone when it is closed."""

from __future__ import annotations

import os
import re
import socket
import stat
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from rushes.errors import ClosedError, ConfigError, WireError
from rushes.wire import hub_roles
from rushes.wire.endpoint import parse
from rushes.wire.hub import Hub
from rushes.wire.hub_config import MAX_PAYLOAD_BYTES, Cluster
from tests.support.nats_hub import Events, client, free_ports, gone, hub, run, work_store

LOCAL = parse("tcp://127.0.0.1:0")


def test_it_serves_as_soon_as_it_is_there(tmp_path: Path) -> None:
    begun = time.monotonic()
    with hub(tmp_path) as running:
        print(f"up after {(time.monotonic() - begun) * 1e3:.0f} ms")
        pid = running.stats().pid
        assert pid is not None
        (resident,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        print(f"resident {int(resident) / 1e3:.1f} MB")

        async def use() -> None:
            async with client(running, running.credentials("admin")) as connection:
                assert connection.max_payload == MAX_PAYLOAD_BYTES
                await work_store(connection.jetstream())

        run(use())
    assert gone(pid, 0.5)


def test_port_0_is_any_port_and_the_real_one_is_told(tmp_path: Path) -> None:
    with hub(tmp_path / "a") as first, hub(tmp_path / "b") as second:
        assert first.port != second.port
        assert first.url == f"nats://127.0.0.1:{first.port}"
        socket.create_connection(("127.0.0.1", second.port), 5).close()


def test_a_port_of_choice_is_kept(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with hub(tmp_path, f"tcp://localhost:{port}") as running:
        assert running.port == port


def test_what_was_stored_outlives_the_hub(tmp_path: Path) -> None:
    async def fill(running: Hub) -> None:
        async with client(running, running.credentials("streamer")) as connection:
            await work_store(connection.jetstream())
            await connection.jetstream().publish("rushes.cam.work", b"frame")

    async def stored(running: Hub) -> int:
        async with client(running, running.credentials("streamer")) as connection:
            return (await connection.jetstream().stream_info("W_cam")).state.messages

    with hub(tmp_path) as running:
        run(fill(running))
    with hub(tmp_path) as running:
        assert run(stored(running)) == 1


def test_a_port_in_use_is_told_with_the_remedy_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(WireError, match=f":{port} is in use.*choose another"):
            Hub(parse(f"tcp://127.0.0.1:{port}"), folder=tmp_path)
    with hub(tmp_path, f"tcp://127.0.0.1:{port}"):
        pass  # neither the lock nor anything else was kept


def test_an_address_of_another_machine_is_told_in_the_servers_words(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="cannot assign requested address"):
        Hub(parse("tcp://192.0.2.1:0"), folder=tmp_path, insecure=True)


def test_a_folder_in_use_is_refused_by_its_owners_name(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        with pytest.raises(ConfigError, match=f"process {os.getpid()} "):
            Hub(LOCAL, folder=tmp_path)
        assert running.stats().up


@pytest.mark.parametrize(
    "address", ["tcp://*:0", "tcp://0.0.0.0:0", "tcp://10.0.0.1:0", "tcp://cam.example:0"]
)
def test_beyond_loopback_keys_are_demanded(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="keys="):
        Hub(parse(address), folder=tmp_path)


def test_everybody_is_let_in_when_that_is_said(tmp_path: Path) -> None:
    with hub(tmp_path, "tcp://*:0", insecure=True) as running:
        assert running.url == f"nats://127.0.0.1:{running.port}"


def test_a_certificate_for_other_hosts_is_refused_before_other_nodes_refuse_it(tmp_path: Path) -> None:
    hub_roles.new(tmp_path / "keys")
    node = Cluster("farm", "a", 6222)
    with pytest.raises(ConfigError, match="rushes keys renew"):
        Hub(parse("tcp://192.0.2.1:0"), folder=tmp_path / "data", keys=tmp_path / "keys", cluster=node)


@pytest.mark.parametrize(
    "address", ["ipc://hub", "shm://hub", "nats://localhost:4222/cam", "tcp://127.0.0.1:0?hwm=4"]
)
def test_an_address_that_no_server_can_have_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError):
        Hub(parse(address), folder=tmp_path)


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ConfigError, match="chmod 700"):
        Hub(LOCAL, folder=tmp_path / "open")


def test_a_store_that_the_disk_has_no_room_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="free some, or give a smaller one"):
        Hub(LOCAL, folder=tmp_path, max_bytes=1 << 60)


def test_what_is_stored_already_counts_as_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "old").write_bytes(bytes(1 << 20))
    _leave_free(monkeypatch, 1 << 20)
    with pytest.raises(ConfigError, match="has room for 2097152 bytes"):
        Hub(LOCAL, folder=tmp_path, max_bytes=(2 << 20) + 1)
    with hub(tmp_path, max_bytes=2 << 20):
        pass


def test_a_full_disk_is_told_to_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub(tmp_path) as running:
        running.check()
        _leave_free(monkeypatch, 1 << 20)
        with pytest.raises(WireError, match="no room left: free some"):
            running.check()


def _leave_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=free))


def test_what_it_writes_is_private(tmp_path: Path) -> None:
    hub_roles.new(tmp_path / "keys")
    with hub(tmp_path / "data", keys=tmp_path / "keys"):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").rglob("*")}
    assert {"hub.conf", "hub.log", "hub.err", "hub.lock", "store"} < modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_no_secret_is_on_a_command_line_or_in_an_environment_or_log(tmp_path: Path) -> None:
    hub_roles.new(tmp_path / "keys")
    with hub(tmp_path / "data", keys=tmp_path / "keys") as running:
        secret = running.credentials("admin").password
        server = Path(f"/proc/{running.stats().pid}")
        told = server.joinpath("cmdline").read_bytes() + server.joinpath("environ").read_bytes()
        seen = " ".join([told.decode(), repr(running), running.url])
        assert str(tmp_path / "data" / "hub.conf") in seen
        assert secret not in seen
    assert secret not in (tmp_path / "data" / "hub.log").read_text()
    assert secret in (tmp_path / "data" / "hub.conf").read_text()  # so it would have been found


def test_events_say_when_it_is_up_and_a_broken_callback_harms_nothing(tmp_path: Path) -> None:
    events = Events()

    def broken(what: str, detail: object) -> None:
        events(what, detail)
        raise RuntimeError("a callback's own fault")

    with hub(tmp_path, on_event=broken) as running:
        assert events.next("up") is None
        assert running.stats().up


def test_after_the_close_it_says_so(tmp_path: Path) -> None:
    with hub(tmp_path) as running:
        pass
    running.close()
    with pytest.raises(ClosedError):
        running.stats()
    with pytest.raises(ClosedError):
        running.check()
    with pytest.raises(ClosedError):
        running.credentials("worker")


def test_many_hubs_one_after_another_leave_nothing(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        with hub(tmp_path):
            pass
    assert len(os.listdir("/proc/self/fd")) == before
