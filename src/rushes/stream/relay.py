"""Streams by way of a hub: for viewers who cannot reach the streamer, while both can reach the hub."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.hub_permissions import Role
    from rushes.wire.hub_roles import Credentials
    from rushes.wire.jet_live_in import LiveSubscriber
    from rushes.wire.jet_live_out import LivePublisher

__all__ = ["check_relay", "hub_stream", "hub_url", "is_relayed", "open_in", "open_out"]

_log = logging.getLogger("rushes.stream")
_ROOM = 4
_FIRST_S = 2.0


def is_relayed(endpoint: Endpoint) -> bool:
    """Whether the endpoint names a hub."""
    return endpoint.scheme in ("nats", "tls")


def check_relay(
    endpoint: Endpoint, keys: str | os.PathLike[str] | None, role: Role, policy: str = ""
) -> None:
    """Raises ConfigError for what cannot go through a hub."""
    from rushes.wire.jet_names import check_stream

    if policy == "block":
        raise ConfigError(
            f'when_full="block" needs receivers that are waited for, and {endpoint.shown} waits for nobody: use tcp://'
            " or ipc://, or mapreduce=True",
            option="when_full",
        )
    check_stream(hub_stream(endpoint))
    _credentials(endpoint, keys, role)


def open_out(
    endpoint: Endpoint, keys: str | os.PathLike[str] | None, on_event: Callable[[str, Any], object]
) -> LivePublisher:
    """The sending end. AccessDenied when the hub does not let it in; one that is not there yet is waited for."""
    from rushes.wire.jet_live_out import LivePublisher

    link = LivePublisher(
        [hub_url(endpoint)],
        hub_stream(endpoint),
        credentials=_credentials(endpoint, keys, "streamer"),
        name=f"streamer {endpoint.shown}",
        hwm=int(endpoint.options.get("hwm", _ROOM)),
        on_event=on_event,
    )
    try:
        if not link.wait(_FIRST_S):
            _log.warning("%s cannot be reached yet: frames are sent once it can", endpoint.shown)
    except BaseException:  # whatever it is, the link must not stay behind
        link.close()
        raise
    return link


def open_in(
    endpoint: Endpoint,
    keys: str | os.PathLike[str] | None,
    on_message: Callable[[list[memoryview]], object],
    on_event: Callable[[str, Any], object],
) -> LiveSubscriber:
    """The receiving end, connected in the background."""
    from rushes.wire.jet_live_in import LiveSubscriber

    return LiveSubscriber(
        [hub_url(endpoint)],
        hub_stream(endpoint),
        credentials=_credentials(endpoint, keys, "viewer"),
        name=f"viewer {endpoint.shown}",
        on_message=on_message,
        on_event=on_event,
    )


def hub_stream(endpoint: Endpoint) -> str:
    """The stream that an endpoint at a hub means."""
    from rushes.stream.work.hubs import stream_of

    return stream_of(endpoint)


def hub_url(endpoint: Endpoint, keys: str | os.PathLike[str] | None = None) -> str:
    """The hub's own address; one that is bound as tcp speaks TLS where it has keys."""
    host = "127.0.0.1" if endpoint.host == "localhost" else endpoint.host
    host = f"[{host}]" if ":" in host else host
    secret = f"{endpoint.credentials}@" if endpoint.credentials else ""
    scheme = endpoint.scheme
    if scheme == "tcp":
        scheme = "nats" if keys is None else "tls"
    return f"{scheme}://{secret}{host}:{endpoint.port}"


def _credentials(endpoint: Endpoint, keys: str | os.PathLike[str] | None, role: Role) -> Credentials | None:
    from rushes.wire import hub_roles

    return None if endpoint.credentials else hub_roles.credentials(keys, role)
