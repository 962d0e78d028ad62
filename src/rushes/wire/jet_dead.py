"""News of items that nobody could work on: their deliveries used up, or ended by a worker."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from rushes.errors import RushesError
from rushes.wire import jet_names as names
from rushes.wire.jet_ticket import MESSAGE_ID, head_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.msg import Msg

    from rushes.wire.jet_acks import Acks
    from rushes.wire.jet_session import Session

__all__ = ["Advisories", "Dead"]

_log = logging.getLogger("rushes.wire")


@dataclass(frozen=True, slots=True)
class Dead:
    """An item that a track gave up. ``reason`` is "max_deliver" or "terminated", ``why`` the worker's word on it.

    ``message_id`` and ``head`` are as published; both are empty when the item was gone before it could be looked
    up, and ``head`` also when it was terminated.
    """

    stream: str
    track: str
    sequence: int
    deliveries: int
    reason: str
    message_id: str = ""
    why: str = ""
    head: bytes = b""
    _acks: Acks | None = field(default=None, repr=False, compare=False)

    def forget(self) -> None:
        """Frees its room in the store, once the other tracks are done with it: without this it stays for ever.

        Takes a role that may acknowledge work. Does nothing for an item that was terminated.
        """
        if self._acks is not None and self.reason == "max_deliver":
            consumer = f"{names.work_store(self.stream)}.{names.consumer_of(self.track)}"
            self._acks.say(f"$JS.ACK.{consumer}.{self.deliveries}.{self.sequence}.0.0.0", b"+ACK", keep=True)


class _Advisory(msgspec.Struct):
    type: str
    consumer: str
    stream_seq: int
    deliveries: int = 0
    reason: str = ""


class Advisories:
    """Listens for one stream's; ``on_advisory(dead)`` is called on the link's thread.

    The server tells those who listen at that moment: what was told while the connection was down is not repeated.
    """

    def __init__(self, stream: str, on_advisory: Callable[[Dead], object], acks: Acks) -> None:
        self._stream, self._on_advisory, self._acks = names.check_stream(stream), on_advisory, acks
        self._store = names.work_store(stream)
        self._decoder = msgspec.json.Decoder(_Advisory)

    async def attach(self, session: Session) -> None:
        """Listens over ``session``."""

        async def come(message: Msg) -> None:
            await self._came(session, message)

        for kind in ("MAX_DELIVERIES", "MSG_TERMINATED"):
            await session.client.subscribe(f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{self._store}.*", cb=come)

    def detach(self) -> None:
        """The subscriptions went with the connection."""

    async def _came(self, session: Session, message: Msg) -> None:
        try:
            told = self._decoder.decode(message.data)
        except ValueError as error:
            _log.warning("an advisory of %s that cannot be read: %s", self._store, error)
            return
        message_id, why, head = "", "", b""
        if told.type.endswith("terminated"):
            reason = "terminated"
            first, _, why = told.reason.partition(" ")
            message_id = "" if first == "-" else first
        else:
            reason = "max_deliver"
            message_id, head = await self._look_up(session, told.stream_seq)
        dead = Dead(
            stream=self._stream,
            track=names.track_of(told.consumer),
            sequence=told.stream_seq,
            deliveries=told.deliveries,
            reason=reason,
            message_id=message_id,
            why=why,
            head=head,
            _acks=self._acks,
        )
        try:
            self._on_advisory(dead)
        except Exception:  # noqa: BLE001  whatever is wrong with the callback, the link goes on
            _log.exception("a callback for the dead of %s failed", self._stream)

    async def _look_up(self, session: Session, sequence: int) -> tuple[str, bytes]:
        from nats.errors import Error
        from nats.js.errors import Error as JetError

        try:
            found = await session.ask(session.js.get_msg(self._store, sequence), self._store)
        except (Error, JetError, RushesError, TimeoutError) as error:
            _log.warning("item %d of %s cannot be looked up: %s", sequence, self._store, error)
            return "", b""
        headers = found.headers or {}
        return headers.get(MESSAGE_ID, ""), head_of(headers)
