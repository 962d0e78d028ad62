"""Finding the server program, and telling what is wrong with the one that was found."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from rushes.errors import ConfigError, MissingExtra
from rushes.wire.hub_server import OLDEST, VARIABLE, find


def program(folder: Path, says: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "nats-server"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.files", missing)


def test_the_installed_package_has_one_that_is_new_enough() -> None:
    found = find({})
    assert found.path.name == "nats-server"
    assert tuple(int(part) for part in found.version.split(".")[:2]) >= OLDEST


def test_the_named_one_is_taken_before_any_other(tmp_path: Path) -> None:
    named = program(tmp_path, "nats-server: v2.99.1")
    found = find({VARIABLE: str(named)})
    assert (found.path, found.version) == (named, "2.99.1")


@pytest.mark.usefixtures("not_installed")
def test_without_the_package_the_first_on_the_path_is_taken(tmp_path: Path) -> None:
    first = program(tmp_path / "a", "nats-server: v2.10.0")
    program(tmp_path / "b", "nats-server: v2.11.0")
    assert find({"PATH": f"{tmp_path / 'a'}:{tmp_path / 'b'}"}).path == first


@pytest.mark.usefixtures("not_installed")
def test_without_any_the_extra_to_install_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"rushes\[hub\]") as caught:
        find({"PATH": str(tmp_path)})
    assert caught.value.extra == "hub"


@pytest.mark.parametrize("version", ["v2.9.25", "v1.4.1", "2.9.10"])
def test_one_that_is_too_old_is_refused_with_the_remedy(tmp_path: Path, version: str) -> None:
    with pytest.raises(ConfigError, match=r"2\.10 or newer.*rushes\[hub\]"):
        find({VARIABLE: str(program(tmp_path, f"nats-server: {version}"))})


def test_a_version_before_its_release_is_read(tmp_path: Path) -> None:
    found = find({VARIABLE: str(program(tmp_path, "nats-server: v2.12.0-RC.1"))})
    assert found.version == "2.12.0-RC.1"


def test_another_program_is_no_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not say its version"):
        find({VARIABLE: str(program(tmp_path, "hello"))})


def test_one_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "nats-server"
    broken.write_bytes(b"\x7fELF and nothing after it")
    broken.chmod(0o755)
    with pytest.raises(ConfigError, match="cannot be run"):
        find({VARIABLE: str(broken)})


@pytest.mark.parametrize("named", ["nats-server", "/nowhere/nats-server", "/"])
def test_a_name_that_is_no_program_is_refused(named: str) -> None:
    with pytest.raises(ConfigError, match="whole path"):
        find({VARIABLE: named})
