from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import ConfigError, WireError
from rushes.stream.work.hubs import HubEnd, same_place, state_folder, stream_of
from rushes.wire.endpoint import parse
from tests.support.nats_hub import free_ports


def end(address: str, role: str = "receiver", *, bind: bool = True, **options: Any) -> HubEnd:
    given = {"keys": None, "insecure": False, "on_event": lambda what, detail: None, **options}
    return HubEnd(parse(address), role, bind=bind, **given)


def test_state_is_kept_where_the_user_says(state_home: Path) -> None:
    assert state_folder() == state_home / "rushes"


def test_an_endpoint_may_name_its_stream() -> None:
    assert stream_of(parse("nats://host:4222/cam")) == "cam"
    assert stream_of(parse("tcp://127.0.0.1:5555")) == "main"


def test_who_binds_where_a_hub_is_already_joins_it() -> None:
    with end("tcp://127.0.0.1:0") as first, end(first.address) as second:
        assert first.hub is not None
        assert second.hub is None
        assert second.address == first.address
        second.link.wait_up(10)


def test_who_binds_while_a_server_is_started_again_does_not_take_its_port() -> None:
    with end("tcp://127.0.0.1:0") as first:
        assert first.hub is not None
        for _ in range(3):
            server = first.hub.stats().pid
            assert server is not None
            os.kill(server, signal.SIGKILL)
            with end(first.address) as second:
                assert second.hub is None
        assert first.hub.error is None


def test_nothing_of_a_hub_at_a_free_port_is_left_in_the_state_folder() -> None:
    with end("tcp://127.0.0.1:0"):
        assert len(list(state_folder().iterdir())) == 1
    assert list(state_folder().iterdir()) == []


def test_the_sign_of_a_hub_whose_program_was_killed_is_in_nobodys_way() -> None:
    (port,) = free_ports(1)
    state_folder().mkdir(parents=True)
    (state_folder() / f"hub-{port}").symlink_to("/nonexistent/rushes-hub")
    with end(f"tcp://127.0.0.1:{port}") as made:
        assert made.hub is not None


def test_a_port_that_is_another_programs_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(WireError, match="in use"):
            end(f"tcp://127.0.0.1:{other.getsockname()[1]}")


@pytest.mark.parametrize("address", ["ipc://frames", "shm://frames"])
def test_an_endpoint_of_this_machine_alone_needs_no_hub_and_takes_no_keys(
    address: str, tmp_path: Path
) -> None:
    with end(address) as made:
        assert made.near
        assert made.hub is None
        assert made.address == address
    with pytest.raises(ConfigError, match="takes no keys"):
        end(address, keys=tmp_path)


def test_two_spellings_of_one_name_are_one_place() -> None:
    assert same_place(parse("ipc://a"), parse("shm://a"))
    assert not same_place(parse("shm://a"), parse("shm://b"))
    assert not same_place(parse("shm://a"), parse("tcp://127.0.0.1:5555"))


@pytest.mark.parametrize("port", [0, 45999])
def test_an_open_address_needs_keys(port: int) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigError, match="keys"):
        end(f"tcp://0.0.0.0:{port}")
    assert time.monotonic() - began < 5  # nobody is waited for
