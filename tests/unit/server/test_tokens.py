from __future__ import annotations

import hmac
import stat
import threading

import pytest

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, UnknownName
from rushes.server.auth import Auth, split_bind
from rushes.server.logins import Attempts
from rushes.server.problems import Refused
from rushes.server.tokens import Tokens


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

    monkeypatch.setattr("rushes.server.tokens._write", refuse)
    assert tokens.find(token) is not None


def test_as_many_threads_as_want_may_add(tmp_path):
    tokens = Tokens(tmp_path)
    threads = [threading.Thread(target=tokens.add, args=(f"t{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(Tokens(tmp_path).list()) == 8


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("127.0.0.1:8787", ("127.0.0.1", 8787)),
        ("[::1]:0", ("::1", 0)),
        (":80", ("0.0.0.0", 80)),
        ("nas:1", ("nas", 1)),
    ],
)
def test_an_address_to_bind(bind, expected):
    assert split_bind(bind) == expected


@pytest.mark.parametrize("bind", ["", "8787", "nas", "::1:80", "a:b", "a:70000", "[::1:80", "a:-1", "a:٣"])
def test_what_is_no_address_to_bind(bind):
    with pytest.raises(ConfigError, match="cannot bind"):
        split_bind(bind)


@pytest.mark.parametrize(
    ("bind", "needed"),
    [
        ("127.0.0.1:1", False),
        ("[::1]:1", False),
        ("localhost:1", False),
        ("0.0.0.0:1", True),
        ("192.168.1.2:1", True),
        ("nas:1", True),
    ],
)
def test_a_token_is_needed_wherever_others_can_reach(tmp_path, bind, needed):
    auth = Auth(bind, tmp_path, SYSTEM)
    assert auth.needed is needed
    if needed:
        with pytest.raises(ConfigError, match="rushes token add"):
            auth.check_ready()
        auth.tokens.add("a")
    auth.check_ready()


def test_a_session_key_that_others_could_read_is_replaced(tmp_path):
    def session():
        auth = Auth("0.0.0.0:1", tmp_path, SYSTEM)
        return auth.new_session(auth.tokens.list()[0])

    Tokens(tmp_path).add("a")
    before = session()
    key = tmp_path / "session.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert Auth("0.0.0.0:1", tmp_path, SYSTEM).of_session(before) is not None
    key.chmod(0o644)
    assert Auth("0.0.0.0:1", tmp_path, SYSTEM).of_session(before) is None
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.write_bytes(b"short")
    session()
    assert len(key.read_bytes()) == 32


def test_failed_logins_are_counted_by_address_and_in_all():
    attempts = Attempts()
    for second in range(5):
        attempts.check("a", second)
        attempts.failed("a", second)
    with pytest.raises(Refused) as refused:
        attempts.check("a", 10)
    assert refused.value.retry_s == 51
    attempts.check("b", 10)
    attempts.check("a", 60.5)
    for turn in range(30):
        attempts.failed(f"x{turn}", 100)
    with pytest.raises(Refused):
        attempts.check("new", 101)
    for turn in range(5000):
        attempts.failed(f"y{turn}", 200)
    assert len(attempts._failed) <= 1000


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
    monkeypatch.setattr("rushes.server.tokens.hmac.compare_digest", counted)
    for token in (known[0], known[-1], "nobody's"):
        seen.clear()
        tokens.find(token)
        assert len(seen) == 5
