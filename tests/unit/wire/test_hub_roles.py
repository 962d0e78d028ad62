"""The secrets of a hub in their folder: made once, private, and refused when they are not."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.wire import hub_certificates, keys
from rushes.wire.hub_permissions import ROLES
from rushes.wire.hub_roles import access, check_hosts, credentials, new, renew


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    new(folder, ["cam.example", "10.9.8.7"])
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new(tmp_path)
    return tmp_path


def test_all_files_are_made_and_the_secret_ones_are_private(tmp_path: Path) -> None:
    files = new(tmp_path)
    assert sorted(files) == sorted((tmp_path / "hub").iterdir())
    modes = {path.name: path.stat().st_mode & 0o777 for path in files}
    secret = {name for name in modes if not name.endswith(".pem")}
    assert {"ca.key", "server.key", "cluster.token", "worker.token", "worker.key"} < secret
    assert {modes[name] for name in secret} == {0o600}
    assert (tmp_path / "hub").stat().st_mode & 0o777 == 0o700


def test_they_lie_beside_the_keys_of_streams(tmp_path: Path) -> None:
    keys.new(tmp_path)
    new(tmp_path)
    assert keys.load(tmp_path, "server").side == "server"


def test_every_password_is_another_one(made: Path) -> None:
    granted = access(made)
    passwords = [*granted.passwords.values(), granted.cluster_password]
    assert len(set(passwords)) == len(ROLES) + 1
    assert {len(each) for each in passwords} == {43}


def test_secrets_that_are_there_are_not_replaced(folder: Path) -> None:
    before = {path: path.read_bytes() for path in (folder / "hub").iterdir()}
    with pytest.raises(ConfigError, match="already"):
        new(folder)
    assert {path: path.read_bytes() for path in (folder / "hub").iterdir()} == before


def test_a_set_that_cannot_be_written_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes.wire.hub_roles.os.open", _full_after(3))
    with pytest.raises(ConfigError, match="cannot write"):
        new(tmp_path)
    assert list((tmp_path / "hub").iterdir()) == []


def test_a_host_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a name nor an address"):
        new(tmp_path, ["caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["worker.token", "server.key", "cluster.token"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o700])
def test_a_secret_that_others_may_read_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / "hub" / name).chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        access(folder)


@pytest.mark.parametrize("name", ["worker.token", "server.key", "server.pem", "ca.pem"])
def test_a_missing_file_is_named_with_the_remedy(folder: Path, name: str) -> None:
    (folder / "hub" / name).unlink()
    with pytest.raises(ConfigError, match=rf"{name}.*rushes keys new"):
        access(folder)


def test_a_file_that_holds_no_password_is_not_repeated(folder: Path) -> None:
    (folder / "hub" / "worker.token").write_text("hunter2\n")
    with pytest.raises(ConfigError, match="holds no password") as caught:
        access(folder)
    assert "hunter2" not in str(caught.value)


def test_a_broken_certificate_is_refused(folder: Path) -> None:
    (folder / "hub" / "server.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="broken"):
        access(folder)


def test_a_certificate_that_has_ended_is_refused(folder: Path) -> None:
    where = folder / "hub"
    pair = hub_certificates.Pair((where / "ca.pem").read_bytes(), (where / "ca.key").read_bytes())
    past = datetime.now(UTC) - timedelta(days=4000)
    (where / "server.pem").write_bytes(
        hub_certificates.Authority(pair).server(["localhost"], past).certificate
    )
    with pytest.raises(ConfigError, match="renew"):
        access(folder)


@pytest.mark.parametrize(
    "host", ["cam.example", "10.9.8.7", "localhost", "::1", socket.gethostname(), "CAM.example"]
)
def test_the_certificate_is_good_for_the_hosts_asked_for_and_this_machine(made: Path, host: str) -> None:
    check_hosts(access(made), host)


def test_a_host_that_the_certificate_does_not_name_is_refused(made: Path) -> None:
    with pytest.raises(ConfigError, match=r"10\.9\.8\.7.*not for other\.example"):
        check_hosts(access(made), "other.example")


def test_a_renewed_certificate_is_for_the_new_hosts_and_leaves_the_rest(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in (folder / "hub").iterdir()}
    assert {path.name for path in renew(folder, ["new.example"])} == {"server.key", "server.pem"}
    after = {path.name: path.read_bytes() for path in (folder / "hub").iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"server.key", "server.pem"}
    assert after.keys() == before.keys()
    check_hosts(access(folder), "new.example")


def test_a_role_needs_its_own_files_and_the_authority_alone(folder: Path, tmp_path: Path) -> None:
    machine = tmp_path / "machine" / "hub"
    machine.mkdir(parents=True)
    for name in ("ca.pem", "worker.token", "worker.pem", "worker.key"):
        (folder / "hub" / name).rename(machine / name)
    mine = credentials(machine.parent, "worker")
    assert mine.role == "worker"
    options = mine.options()
    assert options["user"] == "worker"
    assert len(options["password"]) == 43
    assert options["tls"].verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(ConfigError, match=r"viewer\.token"):
        credentials(machine.parent, "viewer")


def test_without_keys_only_the_place_of_answers_is_told() -> None:
    assert credentials(None, "viewer").options() == {"inbox_prefix": "_INBOX_viewer"}


def test_the_password_shows_in_no_repr(made: Path) -> None:
    mine = credentials(made, "worker")
    assert mine.password
    assert mine.password not in repr(mine)


def test_an_unknown_role_is_refused(made: Path) -> None:
    with pytest.raises(UnknownName):
        credentials(made, "boss")


def test_the_secrets_of_two_hubs_do_not_fit_together(folder: Path, made: Path) -> None:
    mixed = folder / "hub" / "worker.key"
    mixed.write_bytes((made / "hub" / "worker.key").read_bytes())
    with pytest.raises(ConfigError, match="cannot be used"):
        credentials(folder, "worker").options()


def _full_after(files: int):
    import os

    opened = os.open
    count = iter(range(files))

    def full(*arguments: object, **options: object) -> int:
        if next(count, None) is None:
            raise OSError(28, "No space left on device")
        return opened(*arguments, **options)  # type: ignore[arg-type]

    return full
