"""Addresses that a station is to listen at, which have been checked (pure)."""

from __future__ import annotations

import ipaddress

__all__ = ["hub_url", "is_loopback", "split"]


def split(bind: str) -> tuple[str, int]:
    """("::1", 8787) from "[::1]:8787"."""
    host, _, port = bind.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hub_url(bind: str, keys: str | None, *, name: str = "") -> str:
    """Where a hub that is bound to ``bind`` is reached, which speaks TLS with keys: from this machine, or where
    ``bind`` is all of its addresses by its ``name``.
    """
    host, port = split(bind)
    if host in ("0.0.0.0", "::"):
        host = name or {"0.0.0.0": "127.0.0.1", "::": "::1"}[host]
    return f"{'nats' if keys is None else 'tls'}://{f'[{host}]' if ':' in host else host}:{port}"
