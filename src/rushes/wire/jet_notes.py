"""What the one receiver of a stream notes on the hub: how far it has come. The newest note replaces all before it.

Each names its holder and the number that it follows, so that a holder that was given up while its machine stood still
can note nothing any more. All of it runs on the link's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rushes.errors import RushesError
from rushes.wire import jet_names as names
from rushes.wire.jet_errors import api_error
from rushes.wire.jet_stores import ensure_progress
from rushes.wire.jet_ticket import Answer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from nats.aio.msg import Msg

    from rushes.wire.jet_session import Session

__all__ = ["Last", "Notes"]

_log = logging.getLogger("rushes.wire")
_HOLDER, _EXPECTED = "Rushes-Holder", "Nats-Expected-Last-Sequence"
_STALE = 10071
"""The server's own code for a message that does not follow the one it says it does."""
_WINDOW = 8
_SILENCE_S = 5.0
_LOOK_S, _STILL_S = 1.0, 2.0
_RETRY_S, _LONGEST_RETRY_S = 0.02, 0.5


class Last(NamedTuple):
    """The last note: its number in the store, whose it is ("" when there is none), and what it says."""

    sequence: int
    holder: str
    text: bytes


class _Note(NamedTuple):
    version: int
    then: Callable[[], object]
    written: threading.Event


class Notes:
    """The notes of ``holder``; ``on_lost()`` is called when there is one of another."""

    def __init__(self, stream: str, holder: str, on_lost: Callable[[], object]) -> None:
        self._stream, self._holder, self._on_lost = stream, holder, on_lost
        self._store, self._subject = names.progress_store(stream), names.progress_subject(stream)
        self._decoder = msgspec.json.Decoder(Answer)
        self._session: Session | None = None
        self._inbox = ""
        self._task: asyncio.Task[None] | None = None
        self._open: deque[_Note] = deque()
        self._version = self._attempt = 0
        self._newest = b""
        self._fresh = self._refused = False
        self._sent: dict[int, float] = {}
        self._wake, self._empty = asyncio.Event(), asyncio.Event()

    def take(self, text: bytes, then: Callable[[], object], written: threading.Event) -> None:
        """Notes ``text``: ``written`` is set when it has left this process, ``then()`` called when it is safe."""
        self._version += 1
        self._newest, self._fresh = text, True
        self._open.append(_Note(self._version, then, written))
        self._wake.set()

    async def settled(self, timeout_s: float) -> None:
        """Waits until all notes are safe, at most so long."""
        self._empty.clear()
        if self._open and self._session is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), timeout_s)

    def give_up(self) -> None:
        """There will be no more notes: lets go of whoever waits for one."""
        self.detach()
        for note in self._open:
            note.written.set()
        self._open.clear()

    async def last(self, session: Session) -> Last:
        """The last note there is; makes the store when it is gone."""
        from nats.js.errors import NotFoundError

        try:
            found = await session.ask(session.js.get_last_msg(self._store, self._subject), self._store)
        except NotFoundError:
            await ensure_progress(session, self._stream)
            info = await session.ask(session.js.stream_info(self._store), self._store)
            return Last(info.state.last_seq, "", b"")
        return Last(found.seq or 0, (found.headers or {}).get(_HOLDER, ""), found.data or b"")

    async def begin(self, session: Session, last: Last) -> bool:
        """Notes the same as ``last``, as this holder's; False when there is a later one by now."""
        request = session.client.request(
            self._subject, last.text, timeout=_SILENCE_S, headers=self._headers(last.sequence)
        )
        answer = self._decoder.decode((await session.ask(request, self._subject)).data)
        if answer.error is not None and answer.error.err_code != _STALE:
            raise api_error(answer.error, f"cannot note who receives {self._stream}", session.url)
        self._newest = last.text
        return answer.error is None

    async def attach(self, session: Session) -> None:
        """Notes over ``session``, first of all what the connection before left unconfirmed."""
        self._session = session
        self._inbox = session.client.new_inbox()

        async def come(message: Msg) -> None:
            if self._session is session:
                self._answered(message)

        await session.client.subscribe(f"{self._inbox}.>", cb=come)
        self._task = asyncio.create_task(self._serve(session))

    def detach(self) -> None:
        """Keeps what is not confirmed for the next connection."""
        self._session = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _headers(self, sequence: int) -> dict[str, str]:
        return {_HOLDER: self._holder, _EXPECTED: str(sequence)}

    async def _serve(self, session: Session) -> None:
        from nats.errors import Error
        from nats.js.errors import Error as JetError

        retry_s = _RETRY_S
        while self._session is session and session.alive():
            try:
                last = await self.last(session)
                if last.holder not in ("", self._holder):
                    self.give_up()
                    self._on_lost()
                    return
                self._fresh = self._fresh or bool(self._open) or not last.holder
                if await self._write(session, last.sequence):
                    retry_s = _RETRY_S
            except (Error, JetError, RushesError, OSError, TimeoutError, ValueError) as error:
                if session.alive():
                    _log.debug("what is noted of %s must wait: %r", self._stream, error)
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, _LONGEST_RETRY_S)

    async def _write(self, session: Session, sequence: int) -> bool:
        """Notes until the server refuses one, or says nothing; whether it took any."""
        self._attempt += 1
        self._refused = False
        self._sent.clear()
        before = sequence
        while self._session is session and session.alive() and not self._refused:
            if self._fresh and len(self._sent) < _WINDOW:
                await self._publish(session, sequence)
                sequence += 1
                continue
            self._wake.clear()
            slept_s = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK_S)
            now_s = time.monotonic()
            if now_s - slept_s > _LOOK_S + _STILL_S:
                break  # this process stood still, and may have been given up: looked up before anything is noted
            if self._sent and now_s - min(self._sent.values()) > _SILENCE_S:
                break
        return sequence - len(self._sent) > before

    async def _publish(self, session: Session, sequence: int) -> None:
        version, self._fresh = self._version, False
        self._sent[version] = time.monotonic()
        reply = f"{self._inbox}.{self._attempt}.{version}"
        await session.client.publish(
            self._subject, self._newest, reply=reply, headers=self._headers(sequence)
        )
        # There is no public way to wait until it is with the system, but for a round trip to the server.
        await session.client._flush_pending(force_flush=True)  # noqa: SLF001
        for note in self._open:
            if note.version <= version:
                note.written.set()

    def _answered(self, message: Msg) -> None:
        *_, attempt, version = message.subject.split(".")
        if int(attempt) != self._attempt:
            return
        try:
            taken = bool(message.data) and self._decoder.decode(message.data).error is None
        except ValueError:
            taken = False
        self._wake.set()
        if not taken:
            self._refused = True
            return
        self._sent.pop(int(version), None)
        while self._open and self._open[0].version <= int(version):
            note = self._open.popleft()
            note.written.set()
            try:
                note.then()
            except Exception:  # noqa: BLE001  whatever is wrong with one callback, the rest goes on
                _log.exception("a callback for what is noted of %s failed", self._stream)
        if not self._open:
            self._empty.set()
