"""The right to receive a stream, which one has at a time.

Whoever has it listens on the stream's claim. A second one asks there, and the server says at once when nobody listens,
as after a SIGKILL. A lease that is renewed was rejected: it ends with its time, not with its holder, and needs clocks
that agree.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from typing import TYPE_CHECKING

from rushes.errors import ClosedError, ConfigError, WireError
from rushes.lifecycle import Closeable
from rushes.wire import jet_names as names
from rushes.wire.jet_notes import Notes
from rushes.wire.jet_stores import ensure_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from rushes.wire.jet_session import Session
    from rushes.wire.jet_thread import LoopThread

__all__ = ["Claim"]

_log = logging.getLogger("rushes.wire")
_ASKS, _ANSWER_S = 3, 1.5  # a holder that is silent for so long stands still, or is behind a line that is cut
_LEAVE_S = 1.0
_LONGEST_WHO = 200


class Claim(Closeable):
    """Made by :meth:`rushes.wire.jetstream.JetLink.claim`. ``text`` is the last note of whoever had it before.

    Kept over the loss of a connection. ``on_lost(WireError)`` is called on the link's thread when somebody else was
    given it, because this side did not answer.
    """

    def __init__(
        self, stream: str, who: str, *, thread: LoopThread, on_lost: Callable[[WireError], object]
    ) -> None:
        super().__init__()
        self.name = f"the claim on {stream}"
        self.text = b""
        self._stream, self._who, self._thread, self._on_lost = stream, who, thread, on_lost
        self._subject = names.claim_subject(stream)
        self._id = secrets.token_hex(8)
        # From here on only the link's thread.
        self._notes = Notes(stream, self._id, self._lose)
        self._session: Session | None = None
        self._subscription: Subscription | None = None
        self._lost = False

    def note(self, text: bytes, then: Callable[[], object]) -> threading.Event:
        """Notes ``text`` in place of what was noted before; from any thread, without a wait. ``then()`` is called on
        the link's thread when it, or a later note, is safe in the hub.

        The event is set when the note has left this process, whose death does not undo it then, and when it will
        never leave because the claim was lost. While the hub is away it is kept.
        """
        self._check_open()
        written = threading.Event()
        if not self._thread.call(self._take_note, text, then, written):
            raise ClosedError(f"{self._label()} is closed", name=self._label())
        return written

    async def take(self, session: Session) -> None:
        """Becomes the holder. ConfigError, which says whose it is, when there is one who answers."""
        await ensure_progress(session, self._stream)
        while True:
            # Looked at before the question: whoever has taken it since then has written, and this side's own first
            # note is refused; whoever had taken it before hears the question.
            last = await self._notes.last(session)
            if last.holder != self._id:
                await self._refuse_second(session)
                await self._listen(session)
                if not await self._notes.begin(session, last):
                    await self._deafen()
                    continue
            self.text = last.text
            return

    async def attach(self, session: Session) -> None:
        """Holds it over ``session``."""
        if self.closed or self._lost:
            return
        if self._session is not session:
            await self._listen(session)
        await self._notes.attach(session)

    def detach(self) -> None:
        """There is no connection."""
        self._session = self._subscription = None
        self._notes.detach()

    def _close(self) -> None:
        """Waits a moment for what was noted to be safe; the next one who asks is the holder at once."""
        if self._thread.here:
            self._thread.call(self._notes.give_up)
            return
        with contextlib.suppress(ClosedError):
            self._thread.run(self._leave())

    async def _leave(self) -> None:
        await self._notes.settled(_LEAVE_S)
        session = self._session
        with contextlib.suppress(Exception):  # it goes with the connection as well
            if session is not None and session.alive():
                await self._deafen()
                await session.client.flush(_LEAVE_S)  # type: ignore[arg-type]  # fractions do as well
        self._notes.give_up()

    def _take_note(self, text: bytes, then: Callable[[], object], written: threading.Event) -> None:
        if self._lost or self.closed:
            written.set()
        else:
            self._notes.take(text, then, written)

    async def _listen(self, session: Session) -> None:
        async def asked(message: Msg) -> None:
            mine = self.closed or self._lost or message.data == self._id.encode()
            if message.reply and not mine:
                await session.client.publish(message.reply, self._who.encode())

        self._session = session
        self._subscription = await session.client.subscribe(self._subject, cb=asked)
        await session.client.flush()

    async def _deafen(self) -> None:
        self._session = None
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.unsubscribe()

    async def _refuse_second(self, session: Session) -> None:
        from nats.errors import NoRespondersError

        for _ in range(_ASKS):
            request = session.client.request(self._subject, self._id.encode(), timeout=_ANSWER_S)
            try:
                answer = await session.ask(request, self._subject)
            except NoRespondersError:
                return
            except TimeoutError:
                continue
            who = "".join(each for each in answer.data.decode("utf-8", "replace") if each.isprintable())
            raise ConfigError(
                f"the results of {self._stream} are received already, by {who[:_LONGEST_WHO]}: end that one, or give"
                " this one another stream; several readers of one stream share a Receiver, each with its own"
                " frames(track=…)",
                option="endpoint",
            )
        _log.warning("whoever received %s does not answer and is given up", self._stream)

    def _lose(self) -> None:
        self._lost = True
        if self._session is not None:
            self._session.background(self._deafen())
        text = f"{self._stream} is received by another now, since this one did not answer: start it again"
        self._on_lost(WireError(text))
