"""``rushes keys``: what it makes for the hub, beside the keys of streams."""

from __future__ import annotations

import json

import pytest

from rushes.cli import main
from rushes.errors import MissingExtra
from rushes.wire import hub_certificates, hub_roles, keys


def fail(*_):
    raise MissingExtra("certificates need cryptography: pip install 'rushes[hub]'", extra="hub")


def test_one_folder_serves_streams_and_the_hub(tmp_path, capsys):
    folder = tmp_path / "k"
    assert main(["keys", "new", str(folder)]) == 0
    out = capsys.readouterr().out
    assert keys.load(folder, "client").public
    for role in ("streamer", "worker", "receiver"):
        password = hub_roles.credentials(folder, role).password
        assert password
        assert password not in out
    assert f"wrote {folder}/hub/worker.token (secret)" in out
    assert f"wrote {folder}/hub/ca.pem\n" in out


def test_hosts_stand_in_the_certificate(tmp_path):
    words = ["keys", "new", str(tmp_path / "k"), "--host", "studio.example", "192.0.2.7"]
    assert main([*words, "--host", "192.0.2.8"]) == 0
    known = hub_certificates.hosts_of((tmp_path / "k" / "hub" / "server.pem").read_bytes())
    assert {"studio.example", "192.0.2.7", "192.0.2.8", "localhost"} <= known


def test_without_the_extra_it_says_that_the_hub_has_none(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(hub_roles, "new", fail)
    assert main(["keys", "new", str(tmp_path / "k")]) == 0
    assert "rushes[hub]" in capsys.readouterr().out
    assert main(["keys", "new", str(tmp_path / "j"), "--json"]) == 0
    assert "rushes[hub]" in json.loads(capsys.readouterr().out)["without_hub"]
    assert main(["keys", "new", str(tmp_path / "i"), "--host", "studio.example"]) == 2


def test_a_folder_of_before_gets_what_it_lacks(tmp_path, capsys):
    keys.new(tmp_path)
    before = (tmp_path / "server.key").read_bytes()
    assert main(["keys", "new", str(tmp_path)]) == 0
    assert hub_roles.credentials(tmp_path, "worker").password
    assert (tmp_path / "server.key").read_bytes() == before
    assert "server.key" not in capsys.readouterr().out.replace("hub/server.key", "")


def test_nothing_is_made_twice(tmp_path):
    assert main(["keys", "new", str(tmp_path)]) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert main(["keys", "new", str(tmp_path)]) == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


@pytest.mark.parametrize("word", ["new", "client"])
def test_a_folder_has_to_be_named(word):
    assert main(["keys", word]) == 2


def test_a_renewed_certificate_is_for_the_same_hosts_or_for_those_named(tmp_path, capsys):
    assert main(["keys", "new", str(tmp_path), "--host", "studio.example"]) == 0
    place = tmp_path / "hub" / "server.pem"
    first = place.read_bytes()
    capsys.readouterr()
    assert main(["keys", "renew", str(tmp_path)]) == 0
    assert f"wrote {tmp_path}/hub/server.key (secret)" in capsys.readouterr().out
    second = place.read_bytes()
    assert second != first
    assert hub_certificates.hosts_of(second) == hub_certificates.hosts_of(first)
    assert main(["keys", "renew", str(tmp_path), "--host", "192.0.2.7"]) == 0
    known = hub_certificates.hosts_of(place.read_bytes())
    assert {"192.0.2.7", "localhost"} <= known
    assert "studio.example" not in known
    assert hub_roles.access(tmp_path).certificate == place


def test_there_is_nothing_to_renew_where_there_are_no_keys(tmp_path):
    assert main(["keys", "renew", str(tmp_path)]) == 2
