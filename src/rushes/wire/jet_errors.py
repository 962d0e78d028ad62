"""What the client library raises, in the project's own words."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Protocol

from rushes.errors import AccessDenied, ConfigError, MissingExtra, PeerGone, QueueFull, WireError

if TYPE_CHECKING:
    from rushes.errors import RushesError

__all__ = [
    "EXISTS",
    "Refusal",
    "api_error",
    "connect_error",
    "is_full",
    "passing",
    "require",
]

EXISTS = 10058
"""The server's own code for a store that exists with other settings."""

_STORE_FAILED = 10077
# The server, the account or the disk is at its limit, whatever this store's own limit says.
_NO_ROOM = {10002, 10023, 10028, 10047}
# A cluster without a leader, or whose nodes do not know each other yet, or a server that has not read its stores.
_PASSING = {10004, 10005, 10008, 10009, 10039, 10076, 10117}


class Refusal(Protocol):
    """What the server says when it refuses: the library's error for it, or a publish's answer."""

    @property
    def code(self) -> int | None:
        """As HTTP has it."""

    @property
    def err_code(self) -> int | None:
        """The server's own number for it."""

    @property
    def description(self) -> str | None:
        """Its words."""


def require() -> None:
    """Raises MissingExtra when the client library is not installed."""
    try:
        import nats  # noqa: F401  only whether it is there
    except ImportError as error:
        raise MissingExtra(
            "work across machines needs the NATS client: pip install 'rushes[hub]'",
            extra="hub",
            name="nats",
        ) from error


def is_full(error: Refusal) -> bool:
    """Whether a message was refused for want of room."""
    if error.err_code in _NO_ROOM:
        return True
    return error.err_code == _STORE_FAILED and "too large" not in (error.description or "")


def passing(error: Refusal) -> bool:
    """Whether the same request may succeed a moment later."""
    return error.err_code in _PASSING


def api_error(error: Refusal, what: str, endpoint: str) -> RushesError:
    """The error for a refused request; ``what`` says what was asked, as in "cannot store a frame"."""
    said = f"{what}: {error.description or 'refused'} ({error.err_code or error.code})"
    if is_full(error):
        return QueueFull(said)
    if error.code == 400:
        return ConfigError(said)
    return WireError(said, endpoint=endpoint)


def connect_error(error: BaseException, endpoint: str) -> WireError:
    """The error for a connection that could not be made."""
    text = str(error).removeprefix("nats: ").strip("'\" ")
    if isinstance(error, AccessDenied):
        return error
    if isinstance(error, ssl.SSLError):
        return AccessDenied(
            f"{endpoint} and this side do not accept each other's certificates ({error.reason or text}):"
            " check keys= at both ends",
            endpoint=endpoint,
        )
    if "authorization" in text.lower() or "authentication" in text.lower():
        return AccessDenied(
            f"{endpoint} does not accept the name and password: check keys= at both ends", endpoint=endpoint
        )
    return PeerGone(f"cannot reach {endpoint}: {text or type(error).__name__}", endpoint=endpoint)
