"""Publishing with a bounded window: what the server has not confirmed is kept, and sent again under the same id."""

from __future__ import annotations

import asyncio
import heapq
import logging
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from rushes.errors import AccessDenied, ConfigError, DeadlineExceeded, WireError
from rushes.wire.jet_errors import api_error, is_full, passing
from rushes.wire.jet_ticket import Answer, Stored, Ticket

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from rushes.errors import RushesError
    from rushes.wire.jet_session import Session
    from rushes.wire.jet_thread import LoopThread

__all__ = ["Outbox"]

_log = logging.getLogger("rushes.wire")
_FIELDS = 160  # what the fields around an id and a head take
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.01, 0.25
_SILENCE_S = 5.0
_TICK_S = 1.0


class Outbox:
    """Sends tickets in the order of their coming, ``window`` of them unconfirmed at most.

    ``settle_s`` is how long a store that does not answer is waited for: one that a cluster is giving a new leader
    is away for some seconds.
    """

    def __init__(self, thread: LoopThread, *, window: int, settle_s: float) -> None:
        self._thread, self._window, self._settle_s = thread, window, settle_s
        self._room = threading.Condition()
        self._open: dict[int, Ticket] = {}  # every ticket not settled, by order
        self._count = 0
        self._closed: RushesError | None = None
        # From here on only the link's thread.
        self._session: Session | None = None
        self._unsent: list[tuple[int, Ticket]] = []
        self._sent: dict[int, Ticket] = {}
        self._wake: asyncio.Event | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._inbox = ""
        self._decoder = msgspec.json.Decoder(Answer)
        self._probing = False
        self._back_off_s = _BACK_OFF_S
        self._hold_until_s = 0.0
        self._answered_s = 0.0
        self._stuck_s: float | None = None
        self._told = False

    @property
    def waiting(self) -> int:
        """How many are not confirmed."""
        return len(self._open)

    def put(self, ticket: Ticket, timeout_s: float | None) -> None:
        """Takes it; waits for room in the window. DeadlineExceeded when there is none in time."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        with self._room:
            while self._closed is None and len(self._open) >= self._window:
                left = None if until is None else until - time.monotonic()
                if self._thread.here or (left is not None and left <= 0):
                    raise DeadlineExceeded(
                        f"{self._window} messages are not confirmed yet, {ticket.message_id} was not taken",
                        timeout_s=timeout_s,
                    )
                self._room.wait(left)
            if self._closed is not None:
                raise self._closed
            self._count += 1
            ticket.order = self._count
            self._open[self._count] = ticket
        self._thread.call(self._take, ticket)

    def fail_all(self, error: RushesError) -> None:
        """Settles every ticket with ``error``; on the link's thread, or when that has ended."""
        with self._room:
            tickets = list(self._open.values())
        for ticket in tickets:
            self._finish(ticket, error)

    def shut(self, error: RushesError) -> None:
        """Takes no more: whoever waits for room, or comes later, gets ``error``."""
        with self._room:
            self._closed = error
            self._room.notify_all()

    async def attach(self, session: Session) -> None:
        """Sends over ``session``, first of all what the connection before left unconfirmed."""
        self._session = session
        self._requeue()
        self._probing, self._back_off_s, self._hold_until_s = False, _BACK_OFF_S, 0.0
        self._wake = asyncio.Event()
        # The library's own way of publishing ahead never says that a message was refused.
        self._inbox = session.client.new_inbox()

        async def come(message: Msg) -> None:
            if self._session is session:
                self._answered(session, message)

        await session.client.subscribe(f"{self._inbox}.*", cb=come)
        self._tasks = [
            asyncio.create_task(self._send(session)),
            asyncio.create_task(self._watch(session)),
        ]

    def detach(self) -> None:
        """Keeps what is unconfirmed for the next connection."""
        self._session = None
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._wake = None

    def _take(self, ticket: Ticket) -> None:
        heapq.heappush(self._unsent, (ticket.order, ticket))
        self._go_on()

    def _requeue(self) -> None:
        for order, ticket in self._sent.items():
            heapq.heappush(self._unsent, (order, ticket))
        self._sent.clear()

    def _go_on(self) -> None:
        if self._wake is not None:
            self._wake.set()

    async def _send(self, session: Session) -> None:
        # The library takes a cancellation for the end of its own wait, so that this one must look for itself.
        while self._session is session and session.alive():
            wait_s = self._pause()
            if wait_s is None or wait_s > 0:
                await self._sleep(wait_s)
                continue
            order, ticket = heapq.heappop(self._unsent)
            if ticket.done:
                continue
            self._sent[order] = ticket
            try:
                await self._publish(session, ticket)
            except Exception as error:  # noqa: BLE001  the ticket says it; what is the connection's is left to it
                if not session.alive():
                    return
                self._finish(
                    ticket, WireError(f"cannot publish {ticket.message_id}: {error}", endpoint=session.url)
                )

    def _pause(self) -> float | None:
        """For how long nothing is to be sent; None until something changes."""
        if not self._unsent or (self._probing and self._sent):
            return None
        return self._hold_until_s - time.monotonic()

    async def _sleep(self, wait_s: float | None) -> None:
        wake = self._wake
        if wake is None:
            return
        wake.clear()
        try:
            await asyncio.wait_for(wake.wait(), wait_s)
        except TimeoutError:
            return

    async def _publish(self, session: Session, ticket: Ticket) -> None:
        limit, size = session.client.max_payload, ticket.payload.nbytes + _FIELDS
        size += sum(map(len, ticket.headers.values()))
        if size > limit:
            # The server would end the connection over it, and so it would over every next try.
            text = f"{ticket.message_id} takes {size} bytes, the hub takes {limit}: encode it, or make it smaller"
            self._finish(ticket, ConfigError(text, option="payload"))
            return
        ticket.tried_s = time.monotonic()
        await session.client.publish(
            ticket.subject,
            ticket.payload,  # type: ignore[arg-type]  # any buffer does
            reply=f"{self._inbox}.{ticket.order}",
            headers=ticket.headers,
        )

    def _answered(self, session: Session, message: Msg) -> None:
        order = message.subject.rpartition(".")[2]
        ticket = self._open.get(int(order)) if order.isdigit() else None
        if ticket is None or ticket.done:
            return
        if not message.data and message.headers:  # 503: there is nobody who takes this subject
            self._missing(ticket)
            return
        what = f"cannot store {ticket.message_id}"
        try:
            answer = self._decoder.decode(message.data)
        except ValueError as error:
            self._finish(ticket, WireError(f"{what}: an answer that cannot be read: {error}"))
            return
        refusal = answer.error
        if refusal is None:
            self._answered_s = time.monotonic()
            self._stuck_s, self._told = None, False
            self._probing, self._back_off_s = False, _BACK_OFF_S
            self._finish(ticket, Stored(answer.seq, answer.duplicate))
        elif passing(refusal) or (ticket.wait_full and is_full(refusal)):
            self._again(ticket)
        else:
            self._finish(ticket, api_error(refusal, what, session.url))

    def _missing(self, ticket: Ticket) -> None:
        now = time.monotonic()
        since = ticket.missing_s = ticket.missing_s or now
        if now - since < self._settle_s:
            self._again(ticket)
            return
        subject = ticket.subject
        self._finish(
            ticket, WireError(f"no store takes {subject}: make it with work_stream() or result_stream()")
        )

    def _again(self, ticket: Ticket) -> None:
        """It was refused for now: after a pause it is tried again alone, the others once it went through."""
        order = ticket.order
        if self._sent.pop(order, None) is not None:
            heapq.heappush(self._unsent, (order, ticket))
        self._probing = True
        self._stuck(ticket)
        self._hold_until_s = time.monotonic() + self._back_off_s
        self._back_off_s = min(self._back_off_s * 2, _LONGEST_BACK_OFF_S)
        self._go_on()

    def _finish(self, ticket: Ticket, outcome: Stored | RushesError) -> None:
        order = ticket.order
        self._sent.pop(order, None)
        if ticket.settle(outcome):
            with self._room:
                self._open.pop(order, None)
                self._room.notify()
        self._go_on()

    async def _watch(self, session: Session) -> None:
        """Sends again what was not answered: a cluster that changes its leader may drop a message without a word."""
        while self._session is session and session.alive():
            await asyncio.sleep(_TICK_S)
            oldest = min((ticket.tried_s for ticket in self._sent.values()), default=None)
            if oldest is not None and time.monotonic() - max(oldest, self._answered_s) > _SILENCE_S:
                self._stuck(next(iter(self._sent.values())))
                self._requeue()
                self._probing = True
                self._go_on()

    def _stuck(self, ticket: Ticket) -> None:
        """It was not taken: after a while that is told once, since whoever waits for it would not know why."""
        now = time.monotonic()
        self._stuck_s = self._stuck_s or min(now, ticket.tried_s)
        if now - self._stuck_s > _SILENCE_S and not self._told:
            self._told = True
            _log.warning(
                "the hub takes nothing for %s: its store is full until what is in it has been taken, or its disk is"
                " full; it is tried again until it does",
                ticket.subject,
            )

    def forbidden(self, said: str, error: AccessDenied) -> None:
        """The server said that it lets nobody of this role publish to a subject: fails what was sent there."""
        for ticket in list(self._sent.values()):
            if f'"{ticket.subject.lower()}"' in said.lower():
                self._finish(ticket, error)
