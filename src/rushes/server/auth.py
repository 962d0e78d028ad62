"""Who may ask: anybody on this machine when it is served on loopback only, who has a token otherwise."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.server.logins import Attempts
from rushes.station.addresses import is_loopback
from rushes.station.tokens import Tokens, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rushes.clock import Clock
    from rushes.station.tokens import Token

__all__ = ["COOKIE", "SESSION_S", "Auth", "header", "split_bind"]

COOKIE = "rushes_session"
SESSION_S = 14 * 86400
_KEY_FILE = "session.key"
_KEY_BYTES = 32
_SALT = "rushes session"
_READING = ("GET", "HEAD")


def split_bind(bind: str) -> tuple[str, int]:
    """("127.0.0.1", 8787) from "127.0.0.1:8787"; "[::1]:8787" and ":8787" (every address) too. ConfigError else."""
    host, colon, port = bind.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or host.count("[") > 0:
        raise ConfigError(f'cannot bind {bind!r}; write it like "127.0.0.1:8787"', option="bind")
    if ":" in host and not bind.startswith("["):
        raise ConfigError(f'cannot bind {bind!r}; write it like "[::1]:8787"', option="bind")
    return host or "0.0.0.0", int(port)


class Auth:
    """Whether a request may pass. ``needed``: False on loopback, where whoever is on the machine may."""

    def __init__(self, bind: str, data: Path, clock: Clock) -> None:
        self.host, self.port = split_bind(bind)
        self.loopback = is_loopback(self.host)
        self.needed = not self.loopback
        self.tokens = Tokens(data)
        # Not those of logins: a program that goes on with an old password must not keep people out.
        self._passwords = Attempts()
        self._data, self._clock = data, clock
        self._signer: Any = None

    def check_ready(self) -> None:
        """Raises ConfigError, naming the remedy, when nobody could ever get in."""
        if self.needed and not self.tokens.list():
            raise ConfigError(
                f"{self.host} can be reached from other machines, and there is no token yet: "
                f"rushes token add NAME --data {self._data}, or bind 127.0.0.1",
                option="bind",
            )

    def allows(self, scope: Mapping[str, Any]) -> bool:
        """Whether the request or socket of this ASGI scope comes from somebody who may. Refused, with status 429, after
        too many wrong passwords.
        """
        return not self.needed or self.who(scope) is not None

    def who(self, scope: Mapping[str, Any]) -> Token | None:
        """The token that it was made with: sent along, or the one that its session began with. Refused as
        :meth:`allows`.
        """
        kind, _, given = header(scope, b"authorization").partition(" ")
        if kind.lower() == "bearer" and given:
            return self.tokens.find(given.strip())
        cookie = _cookie(scope)
        found = None if not cookie else self.of_session(cookie)
        # After the session: a server before this one may ask people for a password that is none of its own.
        if found is None and kind.lower() == "basic" and scope.get("method") in _READING:
            return self._of_password(scope, given.strip())
        return found

    def _of_password(self, scope: Mapping[str, Any], given: str) -> Token | None:
        """The token that is sent as a password, for programs that can send nothing else, whatever the user's name."""
        try:
            password = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return None
        if not password:
            return None
        address, now_s = (scope.get("client") or ("",))[0], self._clock.monotonic_ns() / 1e9
        self._passwords.check(address, now_s)
        found = self.tokens.find(password)
        if found is None:
            self._passwords.failed(address, now_s)
        return found

    def new_session(self, token: Token) -> str:
        """The value of a cookie that stands for ``token`` for :data:`SESSION_S` seconds."""
        signed: str = self._signing().dumps([token.name, token.sha256[:16]])
        return signed

    def of_session(self, cookie: str) -> Token | None:
        """The token whose session this is; None when it is forged, too old, or the token was taken back."""
        from itsdangerous import BadData

        try:
            name, mark = self._signing().loads(cookie, max_age=SESSION_S)
        except (BadData, ValueError, TypeError):
            return None
        return next(
            (each for each in self.tokens.list() if each.name == name and each.sha256[:16] == mark), None
        )

    def _signing(self) -> Any:
        if self._signer is None:
            from itsdangerous import URLSafeTimedSerializer

            self._signer = URLSafeTimedSerializer(_session_key(self._data), salt=_SALT)
        return self._signer


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """A header of an ASGI scope as text, empty when it is not there."""
    found: bytes = next((value for key, value in scope.get("headers", ()) if key == name), b"")
    return found.decode("latin-1")


def _cookie(scope: Mapping[str, Any]) -> str:
    for each in header(scope, b"cookie").split(";"):
        name, _, value = each.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def _session_key(data: Path) -> bytes:
    """Kept in a file, so that people stay logged in when the web process is restarted.

    One that others could read, or that is cut off, is of no use any more: a new one takes its place.
    """
    path = data / _KEY_FILE
    try:
        if not path.stat().st_mode & 0o077:
            key = path.read_bytes()
            if len(key) == _KEY_BYTES:
                return key
    except FileNotFoundError:
        data.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(_KEY_BYTES)
    write_private(path, key)
    return key
