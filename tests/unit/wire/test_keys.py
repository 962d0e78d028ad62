from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rushes.cli import main
from rushes.errors import ConfigError
from rushes.wire.keys import client, load, new


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new(tmp_path / "keys")
    return tmp_path / "keys"


def test_new_writes_both_ends_and_allows_the_client(folder: Path) -> None:
    server, user = load(folder, "server"), load(folder, "client")
    assert user.server_public == server.public
    assert server.admits(user.public)
    assert not server.admits(server.public)


@pytest.mark.parametrize("name", ["server.key", "client.key"])
def test_secrets_are_for_their_owner_alone(folder: Path, name: str) -> None:
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o700])
def test_a_secret_that_others_may_use_is_refused(folder: Path, mode: int) -> None:
    (folder / "server.key").chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        load(folder, "server")


def test_a_new_client_is_admitted_and_a_removed_one_no_more(folder: Path) -> None:
    server = load(folder, "server")
    _, public, allowed = client(folder, "bob")
    key = public.read_bytes().strip()
    assert server.admits(key)
    allowed.unlink()
    assert not server.admits(key)


def test_existing_keys_are_never_replaced(folder: Path) -> None:
    before = (folder / "server.key").read_bytes()
    with pytest.raises(ConfigError, match="already"):
        new(folder)
    with pytest.raises(ConfigError, match="already"):
        client(folder, "client")
    assert (folder / "server.key").read_bytes() == before


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "server", "x" * 65, "-x", "a\n"])
def test_a_client_name_cannot_leave_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        client(folder, name)


def test_a_client_needs_a_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rushes keys new"):
        client(tmp_path, "bob")


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 41, b"\xff" * 40, b"a b" * 14])
def test_what_is_no_key_is_refused_and_not_shown(folder: Path, content: bytes) -> None:
    (folder / "server.key").write_bytes(content)
    with pytest.raises(ConfigError, match="holds no key") as caught:
        load(folder, "server")
    assert not content or content.decode("latin1") not in str(caught.value)


def test_a_broken_file_keeps_nobody_else_out(folder: Path) -> None:
    (folder / "allowed" / "a.pub").write_bytes(b"nonsense")
    assert load(folder, "server").admits(load(folder, "client").public)


def test_missing_files_name_the_remedy(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ConfigError, match="rushes keys new"):
        load(tmp_path, "server")
    (folder / "server.pub").unlink()
    with pytest.raises(ConfigError, match=r"server\.pub"):
        load(folder, "client")


def test_no_secret_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = load(folder, "server")
    assert keys.secret.decode() not in repr(keys)
    assert main(["keys", "client", str(folder), "eve"]) == 0
    shown = capsys.readouterr()
    assert (folder / "eve.key").read_text().strip() not in shown.out + shown.err


def test_half_a_set_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def full(path: object, *rest: int) -> int:
        if str(path).endswith("client.pub"):
            raise OSError(28, "No space left on device")
        return real(str(path), *rest)

    monkeypatch.setattr("rushes.wire.keys.os.open", full)
    with pytest.raises(ConfigError, match="No space"):
        new(tmp_path / "k")
    assert [path.name for path in (tmp_path / "k").iterdir()] == ["allowed"]


def test_the_verbs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["keys", "new", str(tmp_path / "k"), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert all(Path(path).is_file() for path in written)
    assert main(["keys", "new", str(tmp_path / "k")]) == 2
