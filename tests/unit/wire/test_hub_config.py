"""What a hub tells its server, and what each role may do there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.wire.hub_config import MAX_PAYLOAD_BYTES, Access, Cluster, Settings, render
from rushes.wire.hub_permissions import ROLES, Role, check_role, permissions

FOLDER = Path("/data/hub")
ACCESS = Access(
    passwords={role: f"secret-of-{role}" for role in ROLES},
    cluster_password="secret-of-nodes",
    authority=FOLDER / "ca.pem",
    certificate=FOLDER / "server.pem",
    key=FOLDER / "server.key",
)


def config(**options: Any) -> dict[str, Any]:
    settings = {"host": "127.0.0.1", "port": 4222, "folder": FOLDER, "max_bytes": 1 << 30, **options}
    read: dict[str, Any] = json.loads(render(Settings(**settings)))
    return read


def test_everything_the_server_keeps_has_a_bound() -> None:
    told = config()
    assert told["max_payload"] == MAX_PAYLOAD_BYTES == 8 * 1024 * 1024
    assert told["jetstream"]["max_file_store"] == 1 << 30
    assert told["jetstream"]["max_memory_store"] <= 64 << 20
    assert told["max_pending"] * told["max_connections"] <= 8 << 30
    assert told["logfile_size_limit"] * told["logfile_max_num"] <= 16 << 20
    assert told["max_subscriptions"] <= 1024
    assert told["write_deadline"] == "5s"


def test_everything_it_writes_lies_in_the_folder() -> None:
    told = config()
    paths = [told["jetstream"]["store_dir"], told["pid_file"], told["logfile"], told["ports_file_dir"]]
    assert all(Path(path).is_relative_to(FOLDER) for path in paths)


def test_there_are_no_pages_about_it_unless_asked_for_and_then_on_loopback() -> None:
    assert not {"http", "http_port", "https", "monitor_port"} & config().keys()
    assert config(host="*", monitor_port=8222)["http"] == "127.0.0.1:8222"


@pytest.mark.parametrize(
    ("host", "told"), [("*", "0.0.0.0"), ("localhost", "127.0.0.1"), ("::", "::"), ("10.1.2.3", "10.1.2.3")]
)
def test_the_host_is_told_as_the_server_binds_it(host: str, told: str) -> None:
    assert config(host=host)["host"] == told


def test_port_0_is_told_as_any_port() -> None:
    assert config(port=0)["port"] == -1  # the server takes 0 for its usual one
    assert config(port=4711)["port"] == 4711


def test_a_name_cannot_break_out_of_the_configuration() -> None:
    told = config(folder=Path('/data/a"b\n} include $x'))
    assert told["pid_file"] == '/data/a"b\n} include $x/hub.pid'


def test_without_keys_there_are_no_users() -> None:
    assert not {"authorization", "tls"} & config().keys()


def test_with_keys_each_role_is_a_user_and_everything_is_encrypted() -> None:
    told = config(access=ACCESS)
    users = {user["user"]: user for user in told["authorization"]["users"]}
    assert tuple(users) == ROLES
    assert users["worker"]["password"] == "secret-of-worker"
    assert told["tls"]["verify"] is False
    assert told["tls"]["key_file"] == "/data/hub/server.key"


def test_the_secrets_show_in_no_repr() -> None:
    assert "secret" not in repr(ACCESS)
    assert "secret" not in repr(Settings("127.0.0.1", 1, FOLDER, 1 << 30, ACCESS))


@pytest.mark.parametrize("max_bytes", [-1, 0, 1000])
def test_a_store_too_small_for_a_block_is_refused(max_bytes: int) -> None:
    with pytest.raises(ConfigError, match="max_bytes"):
        config(max_bytes=max_bytes)


def test_a_node_knows_its_name_its_port_and_the_others() -> None:
    told = config(cluster=Cluster("farm", "a", 6222, ("127.0.0.1:6223", "[::1]:6224")))
    assert told["server_name"] == "a"
    assert told["cluster"] == {
        "name": "farm",
        "listen": "127.0.0.1:6222",
        "routes": ["nats-route://127.0.0.1:6223", "nats-route://[::1]:6224"],
    }


def test_nodes_with_keys_ask_one_another_for_password_and_certificate() -> None:
    told = config(access=ACCESS, cluster=Cluster("farm", "a", 6222, ("b:6222",)))["cluster"]
    assert told["routes"] == ["nats-route://cluster:secret-of-nodes@b:6222"]
    assert told["authorization"]["password"] == "secret-of-nodes"
    assert told["tls"]["verify"] is True


@pytest.mark.parametrize(
    "wrong", [{"name": "a b"}, {"node": ""}, {"port": 0}, {"port": 70000}, {"routes": ("nats://u:p@host",)}]
)
def test_a_node_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Cluster(**{"name": "farm", "node": "a", "port": 6222, **wrong})


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_a_role_reaches_named_streams_only(role: Role) -> None:
    may = permissions(role, ["cam"])
    subjects = [*may["publish"]["allow"], *may["subscribe"]["allow"]]
    for subject in subjects:
        tokens = subject.split(".")
        own = {"cam", "W_cam", "R_cam", "P_cam", f"_INBOX_{role}"} & set(tokens)
        own |= {"rushes-fleet"} & set(tokens) if role == "station" else set()
        assert own or subject == "$JS.API.INFO", subject


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_nobody_but_the_admin_hears_the_answers_of_others(role: Role) -> None:
    heard = permissions(role)["subscribe"]["allow"]
    assert [subject for subject in heard if subject.startswith((">", "*", "_INBOX"))] == [f"_INBOX_{role}.>"]


def test_several_streams_are_each_allowed_once() -> None:
    allowed = permissions("worker", ["a", "b"])["publish"]["allow"]
    assert {"$JS.ACK.W_a.>", "$JS.ACK.W_b.>"} < set(allowed)
    assert len(allowed) == len(set(allowed))


@pytest.mark.parametrize("name", ["", "a.b", "*", ">", "a b", "x" * 100])
def test_a_stream_that_no_subject_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        permissions("worker", [name])
    with pytest.raises(ConfigError, match="cannot be called"):
        config(streams=(name,))  # also without keys


def test_an_unknown_role_is_told_with_those_there_are() -> None:
    assert check_role("viewer") == "viewer"
    with pytest.raises(UnknownName, match="did you mean 'worker'"):
        check_role("workers")
