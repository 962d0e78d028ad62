"""Whether an address can be listened at, tried out before anything is started."""

from __future__ import annotations

import socket

__all__ = ["trouble"]


def trouble(host: str, port: int) -> str:
    """Why nobody could listen there; empty when one can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: what an ended one leaves behind in the kernel keeps nobody out.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return ""
