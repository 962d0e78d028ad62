"""Addresses of streams: taken apart, checked, and put in the form that sockets want (pure)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from rushes.errors import ConfigError, UnknownName, unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "SCHEMES", "Endpoint", "ipc_folder", "parse"]

SCHEMES = ("tcp", "ipc", "shm", "nats", "tls")
OPTIONS = ("track", "hwm", "shm")
"""What may be said after the ``?``: the track wanted, how many frames wait for each receiver at most, and whether
pixels may go through shared memory where both ends are on one machine ("yes", the default, or "no").
"""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?")
_ALL = ("*", "0.0.0.0", "::")
# The longest path of a socket in the file system that Linux takes, its closing zero byte left out.
_LONGEST_PATH = 107
_FORMS: Mapping[str, str] = {
    "tcp": "tcp://host:port",
    "ipc": "ipc://name",
    "shm": "shm://depot",
    "nats": "nats://host:port/stream",
    "tls": "tls://host:port/stream",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that has been checked.

    ``host`` is empty and ``port`` None with ipc and shm; ``name`` is the socket's, the depot's or the stream's,
    and empty with tcp. Port 0 lets the system choose one. ``credentials`` (nats and tls only) are never shown.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    name: str = ""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    credentials: str = field(default="", repr=False)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it. A host name other than localhost never counts, whatever it may
        resolve to today.
        """
        if self.scheme in ("ipc", "shm") or self.host == "localhost":
            return True
        address = _address(self.host)
        return address is not None and address.is_loopback

    @property
    def all_interfaces(self) -> bool:
        """Whether binding it opens the port on every interface of the machine."""
        return self.host in _ALL

    @property
    def shown(self) -> str:
        """The address for logs and messages, without credentials."""
        secret = "***@" if self.credentials else ""
        return f"{self.scheme}://{secret}{self._place}{self._query}"

    def zmq_bind(self, folder: Path) -> str:
        """The address to bind a socket to; ``folder`` holds the sockets of ipc, see :func:`ipc_folder`.

        ConfigError for shm, nats and tls, which are no such sockets, and for a path that is too long.
        """
        # A socket is bound to an interface, so names are not looked up there: localhost would be no such device.
        return self._zmq(folder)

    def zmq_connect(self, folder: Path) -> str:
        """The address to connect a socket to; as :meth:`zmq_bind`, and ConfigError where no host is named."""
        if self.all_interfaces:
            raise ConfigError(
                f"{self.shown} names no machine to connect to: write its name or address for {self.host!r}",
                option="endpoint",
            )
        if self.port == 0:
            raise ConfigError(
                f"{self.shown} has no port to connect to: port 0 is for binding", option="endpoint"
            )
        return self._zmq(folder)

    def _zmq(self, folder: Path) -> str:
        if self.scheme == "tcp":
            # Connecting by name could try ::1 first, where nothing that was bound to 127.0.0.1 listens.
            host = "127.0.0.1" if self.host == "localhost" else self.host
            return f"tcp://{_bracketed(host)}:{self.port}"
        if self.scheme != "ipc":
            raise ConfigError(
                f"{self.shown} is no socket of the wire: use tcp:// or ipc://", option="endpoint"
            )
        path = str(folder / self.name)
        if len(path.encode()) > _LONGEST_PATH:
            raise ConfigError(
                f"the socket's path is {len(path.encode())} bytes long, the system takes {_LONGEST_PATH}:"
                f" choose a shorter name than {self.name!r}, or a shorter XDG_RUNTIME_DIR",
                option="endpoint",
            )
        return f"ipc://{path}"

    @property
    def _place(self) -> str:
        if self.port is None:
            return self.name
        return f"{_bracketed(self.host)}:{self.port}" + (f"/{self.name}" if self.name else "")

    @property
    def _query(self) -> str:
        return (
            "?" + "&".join(f"{name}={value}" for name, value in self.options.items()) if self.options else ""
        )


def parse(text: str) -> Endpoint:
    """The endpoint that ``text`` names: ``tcp://host:port``, ``ipc://name``, ``shm://depot``,
    ``nats://host:port/stream`` or ``tls://host:port/stream``; ``*`` as the host of tcp binds all interfaces.
    Options come after a ``?`` only: ``?track=a&hwm=4``.

    UnknownName for another scheme or option, listing those there are; ConfigError for whatever else cannot be
    used. No message repeats a password.
    """
    if not isinstance(text, str):
        raise ConfigError(f"an endpoint is a str, not {type(text).__name__}", option="endpoint")
    scheme, found, _ = text.partition("://")
    if not found:
        # "host:5555" would pass for the scheme "host".
        known = ", ".join(f"{each}://" for each in SCHEMES)
        raise UnknownName(
            f"an endpoint begins with one of {known}; write {', '.join(_FORMS.values())}", known=SCHEMES
        )
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        raise unknown_name("scheme", scheme[:40], SCHEMES)
    # urlsplit would drop tabs and line ends without a word.
    if not text.isprintable() or " " in text:
        raise _bad("it holds blanks or control characters", scheme)
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError as error:
        raise _bad("its port is no number up to 65535, or its [address] is broken", scheme) from error
    if split.fragment or text.endswith("#"):
        raise _bad("nothing may follow a #", scheme)
    options = _options(split.query, scheme)
    if scheme in ("ipc", "shm"):
        return Endpoint(scheme, name=_name(split.netloc, split.path, scheme), options=options)
    host = _host(split.hostname or "", scheme)
    if port is None:
        raise _bad("it has no port", scheme)
    credentials, _, _ = split.netloc.rpartition("@")
    if scheme == "tcp":
        if credentials or "@" in split.netloc:
            raise _bad("tcp takes no user and password; give keys= instead", scheme)
        if split.path not in ("", "/"):
            raise _bad("nothing but options may follow the port", scheme)
        return Endpoint(scheme, host, port, options=options)
    if host in _ALL or port == 0:
        raise _bad("it must name one server and its port", scheme)
    stream = split.path.removeprefix("/")
    if stream and not _NAME.fullmatch(stream):
        raise _bad("a stream's name is of letters, digits and . _ -", scheme)
    return Endpoint(scheme, host, port, stream, options, credentials)


def ipc_folder(environ: Mapping[str, str], uid: int) -> Path:
    """Where the sockets of ipc lie. Whoever opens one makes it, for its user alone (mode 0700), and checks that it is.

    ``environ`` is the process's environment, ``uid`` its user's number.
    """
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        return Path(runtime) / "rushes"
    return Path("/tmp") / f"rushes-{uid}"


def _options(query: str, scheme: str) -> dict[str, str]:
    options: dict[str, str] = {}
    try:
        pairs = (
            parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=32) if query else []
        )
    except ValueError as error:
        raise _bad("its options are not of the form ?name=value&name=value", scheme) from error
    for name, value in pairs:
        if name not in OPTIONS:
            raise unknown_name("option of an endpoint", name[:40], OPTIONS)
        if name in options:
            raise ConfigError(f"the option {name} is given twice: give it once", option=name)
        if name == "hwm" and (re.fullmatch(r"[0-9]{1,6}", value) is None or int(value) < 1):
            raise ConfigError(f"hwm must be a whole number of frames from 1, not {value!r}", option="hwm")
        if name == "track" and not _NAME.fullmatch(value):
            raise ConfigError(f"track must be of letters, digits and . _ -, not {value!r}", option="track")
        if name == "shm" and value not in ("yes", "no"):
            raise ConfigError(f"shm must be yes or no, not {value!r}", option="shm")
        options[name] = value
    return options


def _name(netloc: str, path: str, scheme: str) -> str:
    if path or not _NAME.fullmatch(netloc):
        what = "the socket's" if scheme == "ipc" else "the depot's"
        raise _bad(f"{what} name is of letters, digits and . _ -, at most 100, and no path", scheme)
    return netloc


def _host(host: str, scheme: str) -> str:
    if host == "*" or _address(host) is not None:
        return host
    # Digits and dots that are no address would be looked up, or read as one by some resolvers (127.1).
    if not _HOST.fullmatch(host) or re.fullmatch(r"[0-9.]+", host):
        raise _bad("it names no host" if not host else "its host is neither a name nor an address", scheme)
    return host.rstrip(".")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bad(why: str, scheme: str) -> ConfigError:
    # The text itself is left out: what is malformed may be a password.
    forms = _FORMS.get(scheme, ", ".join(_FORMS.values()))
    return ConfigError(f"the endpoint cannot be used: {why}; write {forms}", option="endpoint")
