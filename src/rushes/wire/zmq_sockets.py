"""Sockets of streams: their options, their keys, where they lie, and how a message is taken from one."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

import zmq
from zmq.auth import Authenticator

from rushes.errors import ConfigError
from rushes.wire.endpoint import ipc_folder as ipc_place
from rushes.wire.monitor import SILENT_S, Happening

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.wire.endpoint import Endpoint
    from rushes.wire.keys import Keys

__all__ = [
    "EVENTS",
    "MAX_PART_BYTES",
    "Again",
    "answer",
    "check_options",
    "gate",
    "ipc_folder",
    "receive",
    "send_now",
    "set_keys",
    "set_options",
]

MAX_PART_BYTES = 64 * 1024 * 1024
Again = zmq.Again

EVENTS: dict[int, Happening] = {
    zmq.EVENT_ACCEPTED: "connected",
    zmq.EVENT_CONNECTED: "connected",
    zmq.EVENT_CONNECT_RETRIED: "retrying",
    zmq.EVENT_HANDSHAKE_SUCCEEDED: "ready",
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "refused",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "refused",
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "broken",
    zmq.EVENT_DISCONNECTED: "disconnected",
}


def ipc_folder() -> Path:
    """Where ipc sockets lie; made when missing. ConfigError when it is not this user's alone."""
    folder = ipc_place(os.environ, os.geteuid())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise ConfigError(f"cannot make {folder}: {error.strerror}", option="endpoint") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise ConfigError(f"{folder} must be yours alone: chmod 700 {folder}", option="endpoint")
    return folder


def check_options(endpoint: Endpoint, bind: bool, keys: Keys | None, insecure: bool, hwm: int) -> None:
    """Raises ConfigError for what a link cannot be opened with."""
    if hwm < 1:
        raise ConfigError(
            f"hwm must be at least 1, got {hwm}: libzmq takes 0 for no bound at all", option="hwm"
        )
    if bind and keys is None and not insecure and not endpoint.loopback:
        raise ConfigError(
            f"{endpoint.shown} can be reached from other machines: give keys= (`rushes keys new DIR` makes "
            "them), or insecure=True to let everybody in",
            option="keys",
        )
    side = "server" if bind else "client"
    if keys is not None and keys.side != side:
        raise ConfigError(f"this end needs the {side}'s keys, not the {keys.side}'s", option="keys")


def set_options(socket: zmq.Socket[bytes], hwm: int, *, ipv6: bool, heartbeats: bool) -> None:
    """What holds for every socket: bounds, how it connects again, how it notices that the other end is gone.

    That is by the system's own probes, which need nothing of either program. ``heartbeats`` notice a program that
    was stopped as well, but only a sender that drops may have them: a socket whose queue is full reads no answers,
    and libzmq 4.3 ends the whole process when its heartbeat runs out over that (its issues 3937 and 4767).
    """
    for option, value in (
        (zmq.LINGER, 0),
        (zmq.SNDHWM, hwm),
        (zmq.RCVHWM, hwm),
        (zmq.MAXMSGSIZE, MAX_PART_BYTES),
        (zmq.HEARTBEAT_IVL, 500 if heartbeats else 0),
        (zmq.HEARTBEAT_TIMEOUT, 1500),
        (zmq.TCP_KEEPALIVE, 1),
        (zmq.TCP_KEEPALIVE_IDLE, 1),
        (zmq.TCP_KEEPALIVE_INTVL, 1),
        (zmq.TCP_KEEPALIVE_CNT, 3),
        (zmq.HANDSHAKE_IVL, round(SILENT_S * 1000)),
        (zmq.RECONNECT_IVL, 100),
        (zmq.RECONNECT_IVL_MAX, 400),
        (zmq.CONNECT_TIMEOUT, 2000),
    ):
        socket.setsockopt(option, value)
    # Not always: then even an IPv4 address is told in its IPv6 form.
    socket.setsockopt(zmq.IPV6, int(ipv6))


def set_keys(socket: zmq.Socket[bytes], keys: Keys, bind: bool) -> None:
    """Encrypts, and has both ends prove who they are."""
    socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
    socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
    if bind:
        socket.setsockopt(zmq.CURVE_SERVER, 1)
    else:
        socket.setsockopt(zmq.CURVE_SERVERKEY, keys.server_public)


class _Admission:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def callback(self, domain: str, key: bytes) -> bool:
        return self._keys.admits(key)


def gate(context: zmq.Context[zmq.Socket[bytes]], keys: Keys) -> Authenticator:
    """Asks the keys about each client; its ``zap_socket`` is to be watched, see :func:`answer`."""
    made = Authenticator(context)
    made.start()
    made.configure_curve_callback("*", credentials_provider=_Admission(keys))
    return made


def answer(who: Authenticator) -> None:
    """Answers one question of libzmq's.

    The authenticator is written as coroutines, and waits for nothing when the callback does not: one step runs
    it whole. Its own thread with an event loop, as zmq.auth.thread has it, would be one more to end and to leak.
    """
    step = who.handle_zap_message(who.zap_socket.recv_multipart())
    try:
        step.send(None)
    except StopIteration:
        return
    step.close()
    raise RuntimeError("the authenticator waits for something")


def receive(socket: zmq.Socket[bytes]) -> list[memoryview]:
    """The parts of the next message without copying them; raises Again when there is none.

    No more than three are kept: nothing of ours has so many, and whoever checks the count refuses them.
    """
    frame = socket.recv(zmq.NOBLOCK, copy=False)
    parts = [frame.buffer]
    while frame.more:
        frame = socket.recv(copy=False)
        if len(parts) < 3:
            parts.append(frame.buffer)
    return [part.toreadonly() for part in parts]


def send_now(socket: zmq.Socket[bytes], message: bytes) -> None:
    """Sends it to whoever can take it now; without anybody it is gone."""
    with contextlib.suppress(zmq.Again):
        socket.send(message, zmq.NOBLOCK)
