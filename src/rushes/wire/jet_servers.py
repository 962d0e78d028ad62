"""Which servers a link connects to, and with what: taken apart so that no secret stays in an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rushes.errors import AccessDenied, ConfigError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from nats.aio.client import Client

    from rushes.wire.hub_roles import Credentials

__all__ = ["Servers", "encrypted", "servers"]


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses without secrets, and what to connect with. ``tls``: no connection without it is used."""

    urls: tuple[str, ...]
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    more: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """The addresses for messages."""
        return ", ".join(self.urls)

    def options(self, client: Client, cluster: Sequence[str] = ()) -> dict[str, Any]:
        """The keyword arguments of ``client.connect``; ``cluster`` are addresses that a server told.

        The library encrypts only when the server asks for it, so whoever stands in for the server could ask for
        none and be told the password. It is handed out late, when the connection is known to be encrypted.
        """

        def secret(text: str) -> Callable[[], str]:
            def tell() -> str:
                if self.tls and not encrypted(client):
                    raise self.unencrypted()
                return text

            return tell

        options = {"servers": list(dict.fromkeys([*self.urls, *cluster])), **self.more}
        if self.password or self.user:
            options |= {"user": secret(self.user), "password": secret(self.password)}
        elif self.token:
            options["token"] = secret(self.token)
        return options

    def unencrypted(self) -> AccessDenied:
        """The error for a server that asks for no encryption where it was to be used."""
        return AccessDenied(
            f"{self.shown} answers without TLS: this is not the hub that keys= or tls:// names, or it runs"
            " without keys",
            endpoint=self.shown,
        )


def encrypted(client: Client) -> bool:
    """Whether a client's connection is encrypted, once the server has said what it wants."""
    return bool(client._server_info.get("tls_required"))  # noqa: SLF001  there is no public way to ask


def servers(urls: Sequence[str], credentials: Credentials | None, tls: ssl.SSLContext | None) -> Servers:
    """The servers at ``urls``, ``nats://host:port`` or ``tls://host:port``, perhaps with ``user:password@``.

    ConfigError for other addresses; no message repeats a password.
    """
    if isinstance(urls, str) or not urls:
        raise ConfigError("urls is a list of nats://host:port or tls://host:port", option="urls")
    plain, secure, login = [], tls is not None, ("", "")
    for url in urls:
        address, encrypt, found = _taken_apart(url)
        plain.append(address)
        secure = secure or encrypt
        login = login if any(login) else found
    more = credentials.options() if credentials is not None else {}
    user, password = more.pop("user", ""), more.pop("password", "")
    if not password:
        user, password = login
    if tls is not None:
        more["tls"] = tls
    token = user if user and not password else ""
    return Servers(
        urls=tuple(plain),
        tls=secure or "tls" in more,
        user="" if token else user,
        password=password,
        token=token,
        more=more,
    )


def _taken_apart(url: str) -> tuple[str, bool, tuple[str, str]]:
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        host = port = None
    if host is None or port is None or split.scheme not in ("nats", "tls") or split.path not in ("", "/"):
        # The text itself is left out: what is malformed may be a password.
        raise ConfigError("a server's address is nats://host:port or tls://host:port", option="urls")
    where = f"[{host}]" if ":" in host else host
    login = (unquote(split.username or ""), unquote(split.password or ""))
    return f"{split.scheme}://{where}:{port}", split.scheme == "tls", login
