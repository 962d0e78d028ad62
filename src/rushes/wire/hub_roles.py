"""The secrets of a hub: a password and a certificate for each role, in the folder that holds the keys of streams.

``new`` makes a folder ``hub`` in it::

    ca.pem                                  whom everybody trusts
    ca.key                                  signs more certificates; nobody needs it to run
    server.pem  server.key  cluster.token   the machine that runs the hub
    worker.token  worker.pem  worker.key    a machine of workers, which needs ca.pem besides; so for each role

Whoever runs the hub has all of them but ca.key. A machine in one role is given the files of that role and ca.pem.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError
from rushes.wire.hub_config import Access
from rushes.wire.hub_permissions import ROLES, Role, check_role, inbox
from rushes.wire.keys import check_private

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Credentials", "access", "check_hosts", "credentials", "new", "place", "renew"]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_BYTES = 32
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)(\*\.)?{_LABEL}(\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9.]+")  # an address that is none
_LONGEST_FILE = 64 * 1024
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client connects with. The password shows in no repr; without keys there is none.

    Answers come under ``inbox_prefix``: the server lets a role listen to no other.
    """

    role: Role
    inbox_prefix: str
    password: str = field(default="", repr=False)
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def options(self) -> dict[str, Any]:
        """The keyword arguments of ``nats.connect`` for them, with a new TLS context where there are certificates.

        The server is known by its authority, which signs for no other server, and not by the name it is reached
        at: as with the keys of streams, a machine that moves to another address stays the one that is trusted.
        ConfigError when a certificate cannot be used.
        """
        options: dict[str, Any] = {"inbox_prefix": self.inbox_prefix}
        if self.password:
            options |= {"user": self.role, "password": self.password}
        if self.authority is not None:
            import ssl  # costs as much as the rest of the module; without keys nobody needs it

            try:
                context = ssl.create_default_context(cafile=self.authority)
                context.check_hostname = False
                if self.certificate is not None:
                    context.load_cert_chain(self.certificate, self.key)
            except OSError as error:
                raise ConfigError(
                    f"the certificates in {self.authority.parent} cannot be used: {error}", option="keys"
                ) from error
            options["tls"] = context
        return options


def place(folder: str | os.PathLike[str]) -> Path:
    """Where in a folder of keys those of its hub lie."""
    return Path(folder) / "hub"


def new(folder: str | os.PathLike[str], hosts: Iterable[str] = ()) -> list[Path]:
    """Makes all of a hub's secrets; the files written. ``hosts`` are names and addresses by which other machines
    reach it, this machine's own name and its loopback being always among them. The nodes of a cluster and foreign
    tools check them; clients of rushes do not, see :meth:`Credentials.options`.

    ConfigError when there are some already, for a host that is none, and when they cannot be written. MissingExtra
    without the extra ``hub``.
    """
    from rushes.wire.hub_certificates import Authority

    where = place(folder)
    now = datetime.now(UTC)
    root = Authority.make(f"rushes hub of {socket.gethostname()}", now)
    signer = Authority(root)
    contents = {"ca.key": root.key, "ca.pem": root.certificate, "cluster.token": _token()}
    pairs = {"server": signer.server(_hosts(hosts), now)}
    for role in ROLES:
        pairs[role] = signer.client(role, now)
    for name, pair in pairs.items():
        contents |= {f"{name}.key": pair.key, f"{name}.pem": pair.certificate}
    contents |= {f"{role}.token": _token() for role in ROLES}
    there = [name for name in sorted(contents) if (where / name).exists()]
    if there:
        raise ConfigError(
            f"{where} holds {', '.join(there)} already: remove them first, or take another folder",
            option="keys",
        )
    return _write_all(where, contents)


def renew(folder: str | os.PathLike[str], hosts: Iterable[str] | None = None) -> list[Path]:
    """Makes the server's certificate anew, for other hosts or because it ends; the files written. Without ``hosts``
    it is for the same. Clients go on as they are. The hub shows it from its next start on. Needs ca.key; ConfigError as
    :func:`new`.
    """
    from rushes.wire.hub_certificates import Authority, Pair, hosts_of

    where = place(folder)
    if hosts is None:
        hosts = sorted(hosts_of(_read(where / "server.pem")))
    signer = Authority(Pair(_read(where / "ca.pem"), _read_secret(where / "ca.key")))
    pair = signer.server(_hosts(hosts), datetime.now(UTC))
    fresh = {"server.key.new": pair.key, "server.pem.new": pair.certificate}
    for name in fresh:
        (where / name).unlink(missing_ok=True)  # left by a renewal that was broken off
    return [path.replace(path.with_suffix("")) for path in _write_all(where, fresh)]


def access(folder: str | os.PathLike[str], *, mutual: bool = False) -> Access:
    """Whom a server with the secrets in ``folder`` lets in; ``mutual`` asks clients for their certificates as well.

    ConfigError when a file is missing, broken, another user's, readable by others, or the certificate has ended.
    """
    from rushes.wire.hub_certificates import valid_until

    where = place(folder)
    passwords = {role: _password(where / f"{role}.token") for role in ROLES}
    _read_secret(where / "server.key")
    _read(where / "ca.pem")
    ends = valid_until(_read(where / "server.pem"))
    if ends < datetime.now(UTC):
        raise ConfigError(
            f"{where / 'server.pem'} ended on {ends:%Y-%m-%d}: `rushes keys renew` makes another",
            option="keys",
        )
    return Access(
        passwords=passwords,
        cluster_password=_password(where / "cluster.token"),
        authority=(where / "ca.pem").absolute(),
        certificate=(where / "server.pem").absolute(),
        key=(where / "server.key").absolute(),
        mutual=mutual,
    )


def check_hosts(granted: Access, host: str) -> None:
    """Raises ConfigError when the server's certificate is not good for ``host``: no other node would believe it."""
    from rushes.wire.hub_certificates import hosts_of

    known = hosts_of(_read(granted.certificate))
    if host.lower() not in known:
        raise ConfigError(
            f"the hub's certificate is for {', '.join(sorted(known))}, not for {host}:"
            " `rushes keys renew` with --host makes one that is",
            option="keys",
        )


def credentials(folder: str | os.PathLike[str] | None, role: str) -> Credentials:
    """What a client connects with in this role, by the secrets in ``folder``; with None, to a hub without keys.

    UnknownName for another role. ConfigError when a file is missing, broken, another user's or readable by others.
    """
    known = check_role(role)
    if folder is None:
        return Credentials(known, inbox(known))
    where = place(folder)
    password = _password(where / f"{known}.token")
    certificate, key = where / f"{known}.pem", where / f"{known}.key"
    _read(where / "ca.pem")
    _read(certificate)
    _read_secret(key)
    return Credentials(known, inbox(known), password, where / "ca.pem", certificate, key)


def _hosts(hosts: Iterable[str]) -> list[str]:
    known = list(dict.fromkeys([*_LOCAL, socket.gethostname(), *hosts]))
    for host in known:
        if not (_is_address(host) or (_HOST.fullmatch(host) and not _NUMBER.fullmatch(host))):
            raise ConfigError(
                f"{host!r} is neither a name nor an address of a machine: give one as in studio.example or 192.0.2.7",
                option="hosts",
            )
    return known


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _token() -> bytes:
    return secrets.token_urlsafe(_TOKEN_BYTES).encode() + b"\n"


def _password(path: Path) -> str:
    text = _read_secret(path).decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(text):
        # What the file holds is left out: it may be a secret in the wrong place.
        raise ConfigError(f"{path} holds no password: 43 characters are expected", option="keys")
    return text


def _read_secret(path: Path) -> bytes:
    try:
        status = path.stat()
    except OSError as error:
        raise _missing(path, error) from error
    check_private(path, status)
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE)
    except OSError as error:
        raise _missing(path, error) from error


def _missing(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot use {path} ({error.strerror}): `rushes keys new {path.parent.parent}` makes the hub's keys as well",
        option="keys",
    )


def _write_all(where: Path, contents: dict[str, bytes]) -> list[Path]:
    written: list[Path] = []
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in contents.items():
            path = where / name
            # Exclusive, and with its mode from the start: a chmod afterwards leaves a moment to read it.
            mode = 0o644 if ".pem" in name else 0o600
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            written.append(path)
            with open(descriptor, "wb") as file:
                file.write(content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)  # half a set is of no use, and would block the next try
        raise ConfigError(
            f"cannot write the hub's keys to {where}: {error.strerror}", option="keys"
        ) from error
    return written
