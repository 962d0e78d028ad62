from __future__ import annotations

import hmac
import stat
import threading

import pytest

from rushes.errors import ConfigError, UnknownName
from rushes.station.tokens import Tokens


def test_a_token_is_kept_as_its_hash_alone_and_for_the_owner_alone(tmp_path):
    tokens = Tokens(tmp_path / "data")
    token = tokens.add("laptop")
    path = tmp_path / "data" / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in path.read_text()
    assert token[8:] not in path.read_text()
    found = tokens.find(token)
    assert found is not None
    assert found.name == "laptop"
    assert tokens.find(token[:-1]) is None
    assert len(token) > 40
    assert stat.S_IMODE((tmp_path / "data" / "tokens-used.json").stat().st_mode) == 0o600
    assert tokens.used()["laptop"] > 0


def test_tokens_of_another_process_are_seen_at_once(tmp_path):
    here, there = Tokens(tmp_path), Tokens(tmp_path)
    assert here.list() == ()
    token = there.add("a")
    assert here.find(token) is not None
    there.remove("a")
    assert here.find(token) is None


def test_names_are_taken_once_and_must_be_names(tmp_path):
    tokens = Tokens(tmp_path)
    tokens.add("a")
    for name in ("a", "", "x\ny", "n" * 101):
        with pytest.raises(ConfigError):
            tokens.add(name)
    with pytest.raises(UnknownName, match="'a'"):
        tokens.remove("b")


def test_a_file_that_others_may_read_or_that_is_broken_is_refused(tmp_path):
    tokens = Tokens(tmp_path)
    tokens.add("a")
    path = tmp_path / "tokens.json"
    path.write_text('{"tokens": [{}]}')
    with pytest.raises(ConfigError, match="move it away"):
        tokens.list()
    path.chmod(0o640)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="chmod 600"):
        Tokens(tmp_path).list()


def test_a_folder_that_cannot_be_written_to_keeps_nobody_out(tmp_path, monkeypatch):
    tokens = Tokens(tmp_path)
    token = tokens.add("a")

    def refuse(*_):
        raise OSError("read-only")

    monkeypatch.setattr("rushes.station.tokens._write", refuse)
    assert tokens.find(token) is not None


def test_as_many_threads_as_want_may_add(tmp_path):
    tokens = Tokens(tmp_path)
    threads = [threading.Thread(target=tokens.add, args=(f"t{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(Tokens(tmp_path).list()) == 8


def test_a_hash_that_is_nearly_it_is_not_it(tmp_path):
    tokens = Tokens(tmp_path)
    token = tokens.add("a")
    path = tmp_path / "tokens.json"
    sha256 = tokens.list()[0].sha256
    path.write_text(path.read_text().replace(sha256, sha256[:-1] + ("0" if sha256[-1] != "0" else "1")))
    assert tokens.find(token) is None


def test_every_token_is_compared_whichever_it_is(tmp_path, monkeypatch):
    """So that the time tells nothing of which ones there are."""
    tokens = Tokens(tmp_path)
    known = [tokens.add(f"t{n}") for n in range(5)]
    seen = []

    def counted(one, other):
        seen.append(other)
        return compare(one, other)

    compare = hmac.compare_digest
    monkeypatch.setattr("rushes.station.tokens.hmac.compare_digest", counted)
    for token in (known[0], known[-1], "nobody's"):
        seen.clear()
        tokens.find(token)
        assert len(seen) == 5
