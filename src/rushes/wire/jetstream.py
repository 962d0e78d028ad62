"""Work and results between machines, by way of a hub: a synchronous face on the hub's client library.

One thread with an event loop serves each link; everything that is called back is called there, and must be quick.
Losing the server is no error: the link connects again for as long as it is open, publishes again under the same id
what was not confirmed, and goes on pulling.
"""

from __future__ import annotations

import atexit
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from rushes.errors import AccessDenied, ClosedError, ConfigError, WireError
from rushes.lifecycle import ProcessBound
from rushes.wire import jet_names as names
from rushes.wire import jet_stores
from rushes.wire.jet_acks import Acks
from rushes.wire.jet_ask import ask
from rushes.wire.jet_claim import Claim
from rushes.wire.jet_errors import require
from rushes.wire.jet_publish import Outbox
from rushes.wire.jet_pull import Puller
from rushes.wire.jet_servers import servers
from rushes.wire.jet_session import Dialer
from rushes.wire.jet_thread import LoopThread
from rushes.wire.jet_ticket import Ticket, as_payload

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from rushes.wire.hub_roles import Credentials
    from rushes.wire.jet_item import Item
    from rushes.wire.jet_session import Session, User
    from rushes.wire.jet_stores import Backlog

__all__ = ["JetLink"]

T = TypeVar("T")
_log = logging.getLogger("rushes.wire")


class JetLink(ProcessBound):
    """A connection to the hub at any of ``urls``, made in the background and kept.

    ``on_event(what, detail)`` is called on the link's thread and must be quick: ("up", url), ("down", None),
    ("denied", AccessDenied) when not let in or not allowed something, ("missing", "store/consumer") when there is
    nothing to pull from yet, ("failed", error) when the link itself broke and is of no more use.

    At most ``window`` messages are published and not confirmed. Calls that need the server wait ``connect_s`` for it;
    ``settle_s`` is how long a publish waits for a store that does not answer. ``tls`` replaces the context that
    the credentials make.

    MissingExtra without the extra ``hub``. Every method raises ClosedError after the close, and in a forked child.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        credentials: Credentials | None = None,
        tls: ssl.SSLContext | None = None,
        name: str = "rushes",
        window: int = 16,
        connect_s: float = 10.0,
        settle_s: float = 10.0,
        on_event: Callable[[str, Any], object] | None = None,
    ) -> None:
        super().__init__()
        require()
        names.check_positive(window=window)
        found = servers(urls, credentials, tls)
        self.name, self.endpoint = name, found.shown
        self._connect_s = connect_s
        self._on_event = on_event or (lambda what, detail: None)
        self._error: WireError | None = None
        self._thread = LoopThread(f"rushes-jet {name}", self._main, self._failed)
        self._dialer = Dialer(name, found, self._tell)
        self._outbox = Outbox(self._thread, window=window, settle_s=settle_s)
        self._acks = Acks(self._thread, self._dialer)
        self._dialer.users += [self._acks, self._outbox]
        atexit.register(self.close)
        self._thread.start()

    def wait_up(self, timeout_s: float | None = None) -> str:
        """The address of the server it is connected to, waited for; as every call that needs the server, PeerGone
        after ``timeout_s`` (None: ``connect_s``) without one, AccessDenied when not let in.
        """
        return self._run(self._dialer.up(self._connect_s if timeout_s is None else timeout_s)).url

    def work_stream(
        self,
        stream: str,
        tracks: Iterable[str],
        *,
        max_bytes: int = 256 << 20,
        ack_wait_s: float = 2.0,
        max_deliver: int = 5,
        max_in_flight: int = 256,
        prune: bool = False,
    ) -> None:
        """Makes the store of a stream's work, or joins it and changes what differs; each track sees every item once.

        An item is kept until all tracks are done with it; at ``max_bytes`` it takes no more. Tracks are added; with
        ``prune`` others are dropped. A track has ``max_in_flight`` items delivered and not done at most.
        ConfigError when it cannot be had so, AccessDenied when this role may not make it.
        """
        names.check_stream(stream)
        wanted = [names.check_track(each) for each in dict.fromkeys(tracks)]
        names.check_positive(max_bytes=max_bytes, ack_wait_s=ack_wait_s, max_deliver=max_deliver)
        names.check_positive(max_in_flight=max_in_flight)
        if not wanted:
            raise ConfigError(
                "a stream of work needs a track: without one nobody sees an item", option="tracks"
            )
        self._ask(
            lambda session: jet_stores.ensure_work(
                session,
                stream,
                wanted,
                max_bytes=max_bytes,
                ack_wait_s=ack_wait_s,
                max_deliver=max_deliver,
                max_in_flight=max_in_flight,
                prune=prune,
            )
        )

    def result_stream(
        self, stream: str, *, max_bytes: int = 256 << 20, ack_wait_s: float = 2.0, max_in_flight: int = 256
    ) -> None:
        """Makes the store of a stream's results, or joins it; as :meth:`work_stream`.

        There is one consumer, :data:`~rushes.wire.jet_names.RECEIVER`; what it acknowledged is deleted.
        """
        names.check_stream(stream)
        names.check_positive(max_bytes=max_bytes, ack_wait_s=ack_wait_s, max_in_flight=max_in_flight)
        self._ask(
            lambda session: jet_stores.ensure_results(
                session, stream, max_bytes=max_bytes, ack_wait_s=ack_wait_s, max_in_flight=max_in_flight
            )
        )

    def publish(
        self,
        subject: str,
        message_id: str,
        head: bytes,
        payload: Any,
        *,
        timeout_s: float | None = None,
        wait_full: bool = False,
    ) -> Ticket:
        """Sends a message to the store of ``subject``, from any thread; the ticket tells when it is safe there.

        Waits for room in the window, at most ``timeout_s`` (None: for ever), then raises DeadlineExceeded. ``payload``
        is any contiguous buffer, sent from where it lies: leave it as it is until the ticket is done. Another
        message under the same id within two minutes is not stored. A full store fails the ticket with QueueFull;
        with ``wait_full`` the message is tried again until there is room, and keeps its place in the window.
        AccessDenied when the server does not let this link in, ConfigError for what cannot be sent.
        """
        self._check_open()
        ticket = Ticket(
            names.check_subject(subject), names.check_id(message_id), head, as_payload(payload), wait_full
        )
        if self._dialer.denied is not None:
            raise self._dialer.denied
        self._outbox.put(ticket, timeout_s)
        return ticket

    @property
    def unconfirmed(self) -> int:
        """How many messages were published and not confirmed yet."""
        return self._outbox.waiting

    def pull(self, stream: str, track: str, *, batch: int, on_item: Callable[[Item], object]) -> Puller:
        """Takes items of a track; ``on_item(item)`` is called on the link's thread, at first ``batch`` times at most.

        A store or track that is not there yet is waited for, see ``on_event``.
        """
        return self._pull(names.work_store(stream), names.consumer_of(track), batch, on_item)

    def pull_results(self, stream: str, *, batch: int, on_item: Callable[[Item], object]) -> Puller:
        """Takes a stream's results; as :meth:`pull`."""
        return self._pull(names.result_store(stream), names.RECEIVER, batch, on_item)

    def in_progress(self, items: Iterable[Item]) -> None:
        """All these are still worked on, as :meth:`~rushes.wire.jet_item.Item.in_progress` says of one; hundreds at
        once cost a fraction of as many calls.
        """
        self._acks.say_all([each.reply for each in items if not each.settled], b"+WPI")

    def tracks(self, stream: str) -> list[str] | None:
        """The tracks of a stream, sorted; None when it has no store of work."""
        names.check_stream(stream)
        return self._ask(lambda session: jet_stores.tracks_of(session, stream))

    def backlog(self, stream: str, tracks: Iterable[str] | None = None) -> dict[str, Backlog]:
        """How much work there is, by track. Name the ``tracks`` in a role that may not ask which there are.

        WireError when there is no such store or track.
        """
        names.check_stream(stream)
        named = None if tracks is None else [names.check_track(each) for each in tracks]
        return self._ask(lambda session: jet_stores.work_backlog(session, stream, named))

    def results_left(self, stream: str) -> int:
        """How many results of a stream were not acknowledged yet; 0 when there is no store of them."""
        return self._ask(lambda session: jet_stores.results_left(session, stream))

    def delete(self, stream: str) -> None:
        """Deletes both stores of a stream with all that is in them; fine when there are none."""
        names.check_stream(stream)
        self._ask(lambda session: jet_stores.delete(session, stream))

    def claim(self, stream: str, who: str, *, on_lost: Callable[[WireError], object]) -> Claim:
        """Becomes the one who receives a stream's results. ConfigError while another does, whose ``who`` it names;
        one who does not answer for some seconds is given up, and told by its ``on_lost``.
        """
        made = Claim(stream, who, thread=self._thread, on_lost=on_lost)
        self._ask(made.take)
        self._add(made)
        return made

    def _pull(self, store: str, consumer: str, batch: int, on_item: Callable[[Item], object]) -> Puller:
        self._check_open()
        puller = Puller(
            store,
            consumer,
            credit=batch,
            on_item=on_item,
            missing=lambda name: self._tell("missing", name),
            acks=self._acks,
            thread=self._thread,
            left=self._dialer.users.remove,
        )
        self._add(puller)
        return puller

    def _add(self, user: User) -> None:
        self._check_open()

        def add() -> None:
            self._dialer.users.append(user)
            session = self._dialer.session
            if session is not None:
                session.background(self._dialer.attach(user, session))

        self._thread.call(add)

    def _ask(self, work: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        return self._run(ask(self._dialer, work, self._connect_s))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            self._check_open()
        except ClosedError:
            work.close()
            raise
        return self._thread.run(work)

    async def _main(self) -> None:
        await self._dialer.run()

    def _tell(self, what: str, detail: Any) -> None:
        if isinstance(detail, AccessDenied):
            if self._dialer.denied is not None:
                self._outbox.fail_all(detail)
            else:
                self._outbox.forbidden(str(detail), detail)
        try:
            self._on_event(what, detail)
        except Exception:  # noqa: BLE001  whatever is wrong with the callback, the link goes on
            _log.exception("a callback of %s failed", self.name)

    def _failed(self, error: Exception) -> None:
        self._error = WireError(f"the link to {self.endpoint} broke: {error}", endpoint=self.endpoint)
        self._outbox.shut(self._error)
        self._outbox.fail_all(self._error)
        self._tell("failed", self._error)

    def _check_open(self) -> None:
        super()._check_open()
        if self._error is not None:
            raise self._error

    def _close(self) -> None:
        atexit.unregister(self.close)
        error = ClosedError(f"{self._label()} was closed", name=self._label())
        self._outbox.shut(error)
        self._thread.stop()
        self._outbox.fail_all(error)
