"""Who may say and hear what on a hub (pure).

A stream called ``cam`` has these subjects, and three stores on the server, ``W_cam``, ``R_cam`` and ``P_cam``::

    rushes.cam.work[.…]     frames to be worked on: streamer to workers, by way of W_cam
    rushes.cam.result[.…]   what became of them: workers to receivers, by way of R_cam
    rushes.cam.progress     how far the receiver has come: kept in P_cam, the last note alone
    rushes.cam.claim        whether there is a receiver: asked by a second one, answered by the first
    rushes.cam.live[.…]     the stream as it comes, relayed to viewers and not stored
    rushes.cam.ask[.…]      short requests from viewers to the streamer, such as for a key frame

Stations that joined a hub say who they are, ask one another for pictures and pass them on in subjects of their own,
rushes-fleet.…: all of them have the one role "station", so whoever has its password is trusted by all.

Everyone gets answers under a prefix of the own role: with the one prefix that clients use by default, whoever may
listen for answers could listen to everybody's, and pulled work travels as an answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, get_args

from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ROLES", "Role", "check_role", "check_streams", "inbox", "permissions"]

Role = Literal["streamer", "worker", "receiver", "viewer", "station", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""``admin`` may do everything; it is for the process that runs the hub, and for looking into one."""

_STREAM = re.compile(r"[A-Za-z0-9_-]{1,99}")

# {s} is the stream's name, {W}, {R} and {P} are those of its stores. Nobody but the admin may list what exists,
# and only who fills or empties a store may make it.
_PUBLISH: dict[Role, tuple[str, ...]] = {
    "streamer": (
        "rushes.{s}.work",
        "rushes.{s}.work.>",
        "rushes.{s}.live",
        "rushes.{s}.live.>",
        "$JS.API.INFO",
        "$JS.API.STREAM.CREATE.{W}",
        "$JS.API.STREAM.UPDATE.{W}",
        "$JS.API.STREAM.INFO.{W}",
        "$JS.API.STREAM.INFO.{R}",
        "$JS.API.STREAM.PURGE.{W}",
        "$JS.API.STREAM.DELETE.{W}",
        "$JS.API.STREAM.MSG.DELETE.{W}",
        "$JS.API.CONSUMER.CREATE.{W}.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.{W}.*",
        "$JS.API.CONSUMER.INFO.{W}.*",
        "$JS.API.CONSUMER.DELETE.{W}.*",
        "$JS.API.CONSUMER.LIST.{W}",
        "$JS.API.CONSUMER.NAMES.{W}",
    ),
    "worker": (
        "rushes.{s}.result",
        "rushes.{s}.result.>",
        "$JS.API.INFO",
        "$JS.API.STREAM.INFO.{W}",
        "$JS.API.STREAM.INFO.{R}",
        "$JS.API.CONSUMER.INFO.{W}.*",
        "$JS.API.CONSUMER.MSG.NEXT.{W}.*",
        "$JS.ACK.{W}.>",
    ),
    "receiver": (
        "rushes.{s}.progress",
        "rushes.{s}.claim",
        "_INBOX_receiver.>",  # whoever receives answers others of this role that ask whether there is one
        "$JS.API.INFO",
        "$JS.API.STREAM.CREATE.{P}",
        "$JS.API.STREAM.UPDATE.{P}",
        "$JS.API.STREAM.INFO.{P}",
        "$JS.API.STREAM.MSG.GET.{P}",
        "$JS.API.STREAM.CREATE.{R}",
        "$JS.API.STREAM.UPDATE.{R}",
        "$JS.API.STREAM.INFO.{R}",
        "$JS.API.STREAM.INFO.{W}",
        "$JS.API.CONSUMER.CREATE.{R}.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.{R}.*",
        "$JS.API.CONSUMER.INFO.{R}.*",
        "$JS.API.CONSUMER.INFO.{W}.*",
        "$JS.API.CONSUMER.DELETE.{R}.*",
        "$JS.API.CONSUMER.MSG.NEXT.{R}.*",
        "$JS.ACK.{R}.>",
    ),
    "viewer": ("rushes.{s}.ask", "rushes.{s}.ask.>"),
    "station": ("rushes-fleet.>", "_INBOX_station.>"),  # they answer one another
    "admin": (">",),
}
_SUBSCRIBE: dict[Role, tuple[str, ...]] = {
    "streamer": ("rushes.{s}.ask", "rushes.{s}.ask.>"),
    "worker": (),
    "receiver": ("rushes.{s}.claim",),
    "viewer": ("rushes.{s}.live", "rushes.{s}.live.>"),
    "station": ("rushes-fleet.>",),
    "admin": (">",),
}


def check_role(role: str) -> Role:
    """``role`` itself; UnknownName listing the roles when it is none."""
    for each in ROLES:
        if each == role:
            return each
    raise unknown_name("role", role, ROLES)


def check_streams(streams: Iterable[str]) -> None:
    """Raises ConfigError for a name that a subject cannot hold."""
    for name in streams:
        if not _STREAM.fullmatch(name):
            raise ConfigError(
                f"a hub's stream cannot be called {name!r}: use up to 99 letters, digits, _ and -",
                option="streams",
            )


def inbox(role: Role) -> str:
    """The prefix of the subjects on which a client of this role must ask for answers."""
    return f"_INBOX_{role}"


def permissions(role: Role, streams: Sequence[str] = ()) -> dict[str, dict[str, list[str]]]:
    """What ``role`` may publish and subscribe to, as the server's configuration says it.

    Without ``streams`` it holds for every stream. A pattern stands for a whole name there, so that W_ and R_
    cannot be told apart then: name the streams wherever they are known. ConfigError as :func:`check_streams`.
    """
    check_streams(streams)
    names = [{"s": name, "W": f"W_{name}", "R": f"R_{name}", "P": f"P_{name}"} for name in streams]
    names = names or [{"s": "*", "W": "*", "R": "*", "P": "*"}]
    return {
        "publish": {"allow": _filled(_PUBLISH[role], names)},
        "subscribe": {"allow": [f"{inbox(role)}.>", *_filled(_SUBSCRIBE[role], names)]},
    }


def _filled(patterns: Iterable[str], names: Iterable[dict[str, str]]) -> list[str]:
    filled = [pattern.format(**name) for name in names for pattern in patterns]
    return list(dict.fromkeys(filled))
