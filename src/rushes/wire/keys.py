"""Keys of streams: who may join one, and how both ends know each other.

A folder holds them, the same one at both ends less what is the other's secret::

    server.key  server.pub     who binds
    client.key  client.pub     who connects
    allowed/*.pub              whom the binding side lets in

Each file holds one key as 40 printable characters. The certificate files of zmq.auth were rejected: they keep
the public half in the secret file as well, in a format with comments, dates and free metadata to be parsed.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import zmq

from rushes.errors import ConfigError

__all__ = ["Keys", "Side", "check_private", "client", "load", "new"]

Side = Literal["server", "client"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_CHARACTERS = 40


@dataclass(frozen=True)
class Keys:
    """One side's keys. The secret shows in no repr; compare and log it freely."""

    side: Side
    folder: Path
    public: bytes
    secret: bytes = field(repr=False)
    server_public: bytes = b""

    def admits(self, public: bytes) -> bool:
        """Whether a client's key lies in ``allowed/`` now: asked at each handshake, so that adding or removing
        a file needs no restart. Who is connected already stays so.
        """
        for path in sorted((self.folder / "allowed").glob("*.pub")):
            try:
                if _read(path) == public:
                    return True
            except (OSError, ConfigError):
                continue  # one file that is broken, or went just now, keeps nobody else out
        return False


def check_private(path: Path, status: os.stat_result) -> None:
    """Raises ConfigError for a secret that is not this user's alone; ``status`` is the file's."""
    if stat.S_IMODE(status.st_mode) & 0o177 or status.st_uid != os.geteuid():
        raise ConfigError(
            f"{path} must be yours and readable by nobody else: chmod 600 {path}", option="keys"
        )


def new(folder: str | os.PathLike[str]) -> list[Path]:
    """Makes the keys of a server and of one client that it allows; the files written.

    ConfigError when any of them is there already: replaced keys would shut out everybody who has the old ones.
    """
    place = Path(folder)
    names = ("server.key", "client.key", "server.pub", "client.pub", "allowed/client.pub")
    _refuse_existing(place, names)
    _make_folders(place)
    server_public, server_secret = zmq.curve_keypair()
    client_public, client_secret = zmq.curve_keypair()
    contents = (server_secret, client_secret, server_public, client_public, client_public)
    return _write_all(place, names, contents)


def client(folder: str | os.PathLike[str], name: str) -> list[Path]:
    """Makes the keys of one more client called ``name`` and allows it; the files written.

    ConfigError for a name that is no plain file name, for one that is taken, and where no server's keys are.
    """
    place = Path(folder)
    if not _NAME.fullmatch(name) or name == "server":
        raise ConfigError(
            f"a client cannot be called {name!r}: use up to 64 letters, digits, dots, dashes and underscores, "
            "and not 'server'",
            option="name",
        )
    if not (place / "server.pub").is_file():
        raise ConfigError(
            f"{place} holds no server.pub: make it with `rushes keys new {place}`", option="keys"
        )
    names = (f"{name}.key", f"{name}.pub", f"allowed/{name}.pub")
    _refuse_existing(place, names)
    _make_folders(place)
    public, secret = zmq.curve_keypair()
    return _write_all(place, names, (secret, public, public))


def load(folder: str | os.PathLike[str], side: Side) -> Keys:
    """The keys in ``folder`` for the side that binds ("server") or connects ("client").

    ConfigError when one is missing, is no key, belongs to another user, or can be read by others.
    """
    place = Path(folder)
    secret = _read_secret(place / f"{side}.key")
    public = zmq.curve_public(secret)
    server_public = _load_key(place / "server.pub") if side == "client" else public
    if side == "server" and not (place / "allowed").is_dir():
        raise ConfigError(f"{place} holds no folder allowed/: nobody could connect", option="keys")
    return Keys(side, place, public, secret, server_public)


def _read_secret(path: Path) -> bytes:
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(
            f"cannot use {path} ({error.strerror}): `rushes keys new {path.parent}` makes keys", option="keys"
        ) from error
    check_private(path, status)
    return _load_key(path)


def _load_key(path: Path) -> bytes:
    try:
        return _read(path)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", option="keys") from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(_KEY_CHARACTERS + 3).strip()
    try:
        if len(text) == _KEY_CHARACTERS:
            zmq.curve_public(text)  # any 32 bytes will do: this only says whether the characters are a key's
            return text
    except (ValueError, zmq.ZMQError):
        pass  # said below, without what the file holds: it may be a secret in the wrong place
    raise ConfigError(f"{path} holds no key: 40 characters are expected", option="keys")


def _refuse_existing(place: Path, names: tuple[str, ...]) -> None:
    there = [name for name in names if (place / name).exists()]
    if there:
        raise ConfigError(
            f"{place} holds {', '.join(there)} already: remove them first, or take another folder or name",
            option="keys",
        )


def _make_folders(place: Path) -> None:
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        (place / "allowed").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make {place}: {error.strerror}", option="keys") from error


def _write_all(place: Path, names: tuple[str, ...], contents: tuple[bytes, ...]) -> list[Path]:
    written: list[Path] = []
    try:
        for name, content in zip(names, contents, strict=True):
            path = place / name
            mode = 0o600 if name.endswith(".key") else 0o644
            # Exclusive, and with its mode from the start: a chmod afterwards leaves a moment to read it.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            written.append(path)
            with open(descriptor, "wb") as file:
                file.write(content + b"\n")
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)  # half a set of keys is of no use, and would block the next try
        raise ConfigError(f"cannot write keys to {place}: {error.strerror}", option="keys") from error
    return written
