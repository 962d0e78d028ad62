from __future__ import annotations

import stat

import pytest

from rushes.clock import SYSTEM
from rushes.errors import ConfigError
from rushes.server.auth import Auth, split_bind
from rushes.server.logins import Attempts
from rushes.server.problems import Refused
from rushes.station.tokens import Tokens


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
