"""Pulling items from a consumer, no more of them than there is credit for."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import msgspec

from rushes.errors import ClosedError, ConfigError
from rushes.lifecycle import Closeable
from rushes.wire.jet_item import Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from rushes.wire.jet_acks import Acks
    from rushes.wire.jet_session import Session
    from rushes.wire.jet_thread import LoopThread

__all__ = ["Puller"]

_log = logging.getLogger("rushes.wire")
_EXPIRES_S, _LATE_S = 5.0, 3.0
_TICK_S = 1.0
_RETRY_S = 0.2
_MISSING_S = 1.0
_SLOTS = 2
_FIELDS = 64 << 10


class _Slot:
    """At most one request for items, with answers of its own: only so can be known how much of it is left."""

    def __init__(self) -> None:
        self.inbox = ""
        self.left = 0
        self.until_s = 0.0
        self.subscription: Subscription | None = None


class Puller(Closeable):
    """Asks for items of one consumer and hands each to ``on_item``, on the link's thread, while credit lasts.

    Each item uses up one credit; :meth:`credit` grants more. A consumer that does not exist is waited for;
    ``missing(name)`` tells of it, once until it was there. Close it to take no more; items that are on their way then
    go to somebody else at once, those that were handed over when their time is up, unless they are settled.
    """

    def __init__(
        self,
        store: str,
        consumer: str,
        *,
        credit: int,
        on_item: Callable[[Item], object],
        missing: Callable[[str], object],
        acks: Acks,
        thread: LoopThread,
        left: Callable[[Puller], object],
    ) -> None:
        super().__init__()
        if credit < 0:
            raise ConfigError(f"credit must not be negative, got {credit}", option="batch")
        self.name = f"{store}/{consumer}"
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{store}.{consumer}"
        self._credit = credit
        self._on_item, self._tell_missing = on_item, missing
        self._acks, self._thread, self._left = acks, thread, left
        self._session: Session | None = None
        self._slots = [_Slot() for _ in range(_SLOTS)]
        self._hold_until_s = 0.0
        self._missing_since_s: float | None = None
        self._told_missing = False
        self._watch_task: asyncio.Task[None] | None = None

    def credit(self, count: int = 1) -> None:
        """Grants ``count`` more items; from any thread. ClosedError after the close."""
        self._check_open()
        if count < 0:
            raise ConfigError(f"credit must not be negative, got {count}", option="count")
        if not self._thread.call(self._granted, count):
            raise ClosedError(f"{self._label()} is closed", name=self._label())

    async def attach(self, session: Session) -> None:
        """Asks over ``session``."""
        if self.closed:
            return
        self._session = session
        self._hold_until_s = 0.0
        for slot in self._slots:
            await self._open(session, slot)
        self._watch_task = asyncio.create_task(self._watch(session))
        self._ask()

    def detach(self) -> None:
        """What was asked for went with the connection."""
        self._session = None
        for slot in self._slots:
            slot.left, slot.subscription = 0, None
        if self._watch_task is not None:
            self._watch_task.cancel()
            self._watch_task = None

    def _close(self) -> None:
        self._thread.call(self._end)

    def _end(self) -> None:
        session, subscriptions = self._session, [slot.subscription for slot in self._slots]
        self._left(self)
        self.detach()
        if session is not None and session.alive():
            for each in subscriptions:
                if each is not None:
                    session.background(each.drain())  # type: ignore[no-untyped-call]

    def _granted(self, count: int) -> None:
        self._credit += count
        self._ask()

    async def _open(self, session: Session, slot: _Slot) -> None:
        slot.left = 0
        slot.inbox = session.client.new_inbox()

        async def come(message: Msg) -> None:
            if self.closed:
                self._came_too_late(message)
            elif self._session is session:
                self._came(slot, message)

        slot.subscription = await session.client.subscribe(slot.inbox, cb=come)

    def _ask(self) -> None:
        """Asks for what there is credit for, in a slot that has nothing under way."""
        session = self._session
        if session is None or not session.alive() or self.closed or time.monotonic() < self._hold_until_s:
            return
        free = self._credit - sum(slot.left for slot in self._slots)
        slot = next((each for each in self._slots if not each.left and each.subscription), None)
        if free <= 0 or slot is None:
            return
        slot.left = free
        slot.until_s = time.monotonic() + _EXPIRES_S + _LATE_S
        request = {"batch": free, "expires": int(_EXPIRES_S * 1e9)}
        if free > 1:
            # A server parts from a client for which too many bytes wait, so that no request is for more than a few
            # frames: room for the largest message there may be.
            request["max_bytes"] = session.client.max_payload + _FIELDS
        body = msgspec.json.encode(request)
        session.background(session.client.publish(self._next, body, reply=slot.inbox))

    def _came(self, slot: _Slot, message: Msg) -> None:
        if not message.reply.startswith("$JS.ACK."):
            self._status(slot, message.headers or {})
            return
        self._missing_since_s, self._told_missing = None, False
        slot.left = max(0, slot.left - 1)
        self._credit -= 1
        try:
            item = Item(message, self._acks)
        except (ValueError, IndexError):
            _log.warning("%s: an item that cannot be read: %s", self.name, message.reply)
            return
        try:
            self._on_item(item)
        except Exception:  # noqa: BLE001  whatever is wrong with the callback, the link goes on
            _log.exception("a callback of %s failed", self.name)
            item.nak(_RETRY_S)
        if not slot.left:
            self._ask()

    def _came_too_late(self, message: Msg) -> None:
        if message.reply.startswith("$JS.ACK."):
            self._acks.say(message.reply, b"-NAK", keep=False)

    def _status(self, slot: _Slot, headers: dict[str, str]) -> None:
        code = headers.get("Status", "")
        if code == "100":
            return  # a heartbeat
        said = headers.get("Description", "")
        if "Completed" in said and headers.get("Nats-Pending-Messages", "0") == "0":
            return  # all of it came, and the slot may have the next request under way already
        slot.left = 0
        if (
            code in ("404", "408") or "Completed" in said or "MaxBytes" in said
        ):  # the time of the request is up, or it had its fill
            self._missing_since_s, self._told_missing = None, False
            self._ask()
            return
        if code == "503" or "Deleted" in said:
            self._absent()
        elif code != "409":
            _log.warning("%s: %s %s", self.name, code, said)
        # No consumer, a new leader, too many requests: all of them are better asked a moment later.
        self._hold_until_s = time.monotonic() + _RETRY_S
        asyncio.get_running_loop().call_later(_RETRY_S + 0.001, self._ask)

    def _absent(self) -> None:
        now = time.monotonic()
        self._missing_since_s = self._missing_since_s or now
        if now - self._missing_since_s >= _MISSING_S and not self._told_missing:
            self._told_missing = True
            self._tell_missing(self.name)

    async def _watch(self, session: Session) -> None:
        """Gives up requests of which nothing was heard: with the old inbox, so that no late answer counts twice."""
        while self._session is session and session.alive() and not self.closed:
            await asyncio.sleep(_TICK_S)
            for slot in self._slots:
                if slot.left and time.monotonic() > slot.until_s and slot.subscription is not None:
                    old, slot.subscription = slot.subscription, None
                    await old.unsubscribe()
                    await self._open(session, slot)
            self._ask()
