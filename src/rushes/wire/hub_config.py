"""What a hub tells its server: where to listen, whom to let in, and how much of everything it may take (pure).

The server's own format takes JSON as well, so nothing is written by hand that a name could break out of.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from rushes.errors import ConfigError
from rushes.wire.hub_permissions import ROLES, Role, check_streams, permissions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "LOG",
    "MAX_PAYLOAD_BYTES",
    "MIN_STORE_BYTES",
    "Access",
    "Cluster",
    "Settings",
    "render",
    "server_host",
]

LOG = "hub.log"
"""What the server calls its log, in the hub's folder."""

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
"""The largest message: a frame of 4K as a good JPEG. What is larger is to be coded, not sent."""

MIN_STORE_BYTES = 1024 * 1024

_MEMORY_BYTES = 64 * 1024 * 1024  # for streams kept in memory, of which rushes makes none
_PENDING_BYTES = 32 * 1024 * 1024  # what waits for one slow client; it is cut off at more
_MAX_CONNECTIONS = 256
_MAX_SUBSCRIPTIONS = 1024  # of one connection
_LOG_BYTES, _LOG_FILES = 4 * 1024 * 1024, 3
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ROUTE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Cluster:
    """This hub's part in a cluster: ``name`` is the cluster's, ``node`` this server's own, unlike any other's.

    ``port`` is where the others reach it, on the host of its endpoint; ``routes`` are ``host:port`` of the
    others. Three nodes outlive the loss of one; with two, none may be lost.
    """

    name: str
    node: str
    port: int
    routes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for option, value in (("cluster name", self.name), ("cluster node", self.node)):
            if not _NAME.fullmatch(value):
                raise ConfigError(
                    f"a {option} is of up to 64 letters, digits, _ and -, not {value!r}", option=option
                )
        if not 0 < self.port < 65536:
            raise ConfigError(
                f"a cluster's port is from 1 to 65535, not {self.port}: the others must know it",
                option="cluster port",
            )
        for route in self.routes:
            if not _ROUTE.fullmatch(route):
                raise ConfigError(f"a route is host:port, not {route!r}", option="cluster routes")


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a server lets in: the roles' passwords, the certificate it shows, and the cluster's own password.

    ``mutual`` asks clients for a certificate as well.
    """

    passwords: Mapping[Role, str] = field(repr=False)
    cluster_password: str = field(repr=False)
    authority: Path
    certificate: Path
    key: Path
    mutual: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a server's configuration says. ``port`` 0 lets the system choose one."""

    host: str
    port: int
    folder: Path
    max_bytes: int
    access: Access | None = None
    cluster: Cluster | None = None
    streams: tuple[str, ...] = ()
    monitor_port: int | None = None


def server_host(host: str) -> str:
    """An endpoint's host as the server binds it."""
    return {"*": "0.0.0.0", "localhost": "127.0.0.1"}.get(host, host)


def render(settings: Settings) -> bytes:
    """The configuration file. It holds the passwords: mode 0600. ConfigError for what cannot be used."""
    if settings.max_bytes < MIN_STORE_BYTES:
        raise ConfigError(
            f"max_bytes must be at least {MIN_STORE_BYTES}, got {settings.max_bytes}: the store keeps whole blocks",
            option="max_bytes",
        )
    check_streams(settings.streams)
    config: dict[str, Any] = {
        "host": server_host(settings.host),
        "port": settings.port or -1,
        "max_payload": MAX_PAYLOAD_BYTES,
        "max_pending": _PENDING_BYTES,
        "max_connections": _MAX_CONNECTIONS,
        "max_subscriptions": _MAX_SUBSCRIPTIONS,
        "write_deadline": "5s",
        # A client whose machine is gone holds requests for work; it is found out within 10 s.
        "ping_interval": "5s",
        "ping_max": 2,
        "jetstream": {
            "store_dir": str(settings.folder / "store"),
            "max_file_store": settings.max_bytes,
            "max_memory_store": _MEMORY_BYTES,
        },
        "pid_file": str(settings.folder / "hub.pid"),
        "ports_file_dir": str(settings.folder),
        "logfile": str(settings.folder / LOG),
        "logfile_size_limit": _LOG_BYTES,
        "logfile_max_num": _LOG_FILES,
    }
    if settings.monitor_port is not None:
        config["http"] = f"127.0.0.1:{settings.monitor_port}"
    if settings.access is not None:
        config |= _admission(settings.access, settings.streams)
    if settings.cluster is not None:
        config["server_name"] = settings.cluster.node
        config["cluster"] = _cluster(settings.cluster, server_host(settings.host), settings.access)
    return msgspec.json.format(msgspec.json.encode(config), indent=1)


def _admission(access: Access, streams: tuple[str, ...]) -> dict[str, Any]:
    users = [
        {"user": role, "password": access.passwords[role], "permissions": permissions(role, streams)}
        for role in ROLES
    ]
    return {
        "authorization": {"timeout": 5, "users": users},
        "tls": {**_certificate(access), "verify": access.mutual, "timeout": 5},
    }


def _cluster(cluster: Cluster, host: str, access: Access | None) -> dict[str, Any]:
    login = f"cluster:{access.cluster_password}@" if access is not None else ""
    config: dict[str, Any] = {
        "name": cluster.name,
        "listen": f"{_bracketed(host)}:{cluster.port}",
        "routes": [f"nats-route://{login}{route}" for route in cluster.routes],
    }
    if access is not None:
        config["authorization"] = {"user": "cluster", "password": access.cluster_password, "timeout": 5}
        # Nodes always show one another their certificates: a password alone would let a client become a node.
        config["tls"] = {**_certificate(access), "verify": True, "timeout": 5}
    return config


def _certificate(access: Access) -> dict[str, str]:
    return {
        "cert_file": str(access.certificate),
        "key_file": str(access.key),
        "ca_file": str(access.authority),
    }


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
