"""The tokens by which programs and people are let in: random, kept only as their SHA-256.

A slow hash such as argon2 protects what people think up; a token of 256 random bits needs no protection from
guessing, and is checked with every request.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from typing import TYPE_CHECKING

import msgspec

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Token", "Tokens", "write_private"]

_FILE = "tokens.json"
_USED = "tokens-used.json"
_PREFIX = "rsh_"
_USED_EVERY_S = 60.0
_MOST = 1000


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one token. Times in epoch seconds; ``hint`` is its first letters, to tell it by."""

    name: str
    sha256: str
    created: float
    hint: str = ""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    tokens: tuple[Token, ...] = ()


class Tokens:
    """The tokens in ``data``'s file, read again whenever it changes, so that one taken back is of no use at once.

    Any thread may call. ConfigError when the file cannot be read or is open to others.
    """

    def __init__(self, data: Path) -> None:
        self._path, self._used_path = data / _FILE, data / _USED
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self._used: dict[str, float] = {}
        self._told_s = 0.0

    def list(self) -> tuple[Token, ...]:
        """All of them, the oldest first."""
        with self._lock:
            return self._load()

    def used(self) -> dict[str, float]:
        """When each was last used, in epoch seconds, as far as it is known; by name."""
        with self._lock:
            return _read_used(self._used_path) | self._used

    def add(self, name: str) -> str:
        """A new token called ``name``: the one time that it can be seen. ConfigError for a name that is taken."""
        if not name or len(name) > 100 or not name.isprintable():
            raise ConfigError(f"{name!r} cannot be a token's name; give it up to 100 printable characters")
        token = _PREFIX + secrets.token_urlsafe(32)
        kept = Token(
            name=name, sha256=_hashed(token), created=SYSTEM.wall_ns() / 1e9, hint=token[: len(_PREFIX) + 4]
        )
        with self._lock:
            tokens = self._load()
            if any(each.name == name for each in tokens):
                raise ConfigError(f"there is a token called {name!r} already; rushes token rm {name} first")
            if len(tokens) >= _MOST:
                raise ConfigError(f"there are {_MOST} tokens already; take some back with rushes token rm")
            self._store((*tokens, kept))
        return token

    def remove(self, name: str) -> None:
        """Takes the token back; UnknownName, listing those there are, when there is none of that name."""
        with self._lock:
            tokens = self._load()
            left = tuple(each for each in tokens if each.name != name)
            if len(left) == len(tokens):
                raise unknown_name("token", name, [each.name for each in tokens])
            self._store(left)

    def find(self, token: str) -> Token | None:
        """The token that this text is, None when it is none. Takes as long for a near one as for a far one."""
        wanted = _hashed(token)
        found = None
        with self._lock:
            for each in self._load():
                if hmac.compare_digest(each.sha256, wanted):
                    found = each
            if found is not None:
                self._note(found.name)
        return found

    def _note(self, name: str) -> None:
        now_s = SYSTEM.wall_ns() / 1e9
        self._used[name] = now_s
        if now_s - self._told_s >= _USED_EVERY_S:
            self._told_s = now_s
            try:
                _write(self._used_path, _read_used(self._used_path) | self._used)
            except OSError:
                return  # a folder that cannot be written to keeps no such notes; nobody is kept out for that

    def _load(self) -> tuple[Token, ...]:
        try:
            about = os.stat(self._path)
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
            return ()
        seen = (about.st_ino, about.st_mtime_ns, about.st_size)
        if seen != self._seen:
            if about.st_mode & 0o077:
                raise ConfigError(f"{self._path} can be read by others; chmod 600 it", where=str(self._path))
            try:
                self._tokens = msgspec.json.decode(self._path.read_bytes(), type=_File).tokens
            except msgspec.MsgspecError as error:
                raise ConfigError(
                    f"{self._path} cannot be read ({error}); move it away and add tokens anew",
                    where=str(self._path),
                ) from error
            self._seen = seen
        return self._tokens

    def _store(self, tokens: tuple[Token, ...]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _write(self._path, _File(tokens=tokens))
        self._seen = None


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read_used(path: Path) -> dict[str, float]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float])
    except (OSError, msgspec.MsgspecError):
        return {}  # only notes: nothing depends on them


def _write(path: Path, document: object) -> None:
    write_private(path, msgspec.json.format(msgspec.json.encode(document)))


def write_private(path: Path, data: bytes) -> None:
    """The file with these bytes: whole or not at all, and at no moment readable by others."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:  # whatever went wrong leaves no half file behind
        temporary.unlink(missing_ok=True)
        raise
