"""One item that was pulled: what it carries, and what can be said of it to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.wire.jet_ticket import MESSAGE_ID, head_of

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from rushes.wire.jet_acks import Acks

__all__ = ["Item"]


class Item:
    """An item of a store, delivered to this process until it is settled or its time is up.

    ``head`` and ``payload`` are as published; ``sequence`` is its number in the store, ``deliveries`` how often it
    was delivered, from 1, and ``reply`` where to say what became of it. All methods may be called from any thread and
    do not wait, but for :meth:`ack_sync`. The first of ack, nak and term settles it; after that, and after the close
    of the link, they do nothing, and :meth:`ack_sync` raises ClosedError after the close.
    """

    __slots__ = (
        "_acks",
        "_settled",
        "consumer",
        "deliveries",
        "head",
        "message_id",
        "payload",
        "reply",
        "sequence",
        "store",
        "subject",
    )

    def __init__(self, message: Msg, acks: Acks) -> None:
        words = message.reply.split(".")
        # $JS.ACK.[domain.account.]store.consumer.deliveries.sequence.its own sequence.time.waiting[.token]
        start = 2 if len(words) == 9 else 4
        self.store, self.consumer = words[start], words[start + 1]
        self.deliveries, self.sequence = int(words[start + 2]), int(words[start + 3])
        self.subject = message.subject
        headers = message.headers or {}
        self.message_id = headers.get(MESSAGE_ID, "")
        self.head = head_of(headers)
        self.payload: bytes = message.data
        self.reply = message.reply
        self._acks, self._settled = acks, False

    @property
    def settled(self) -> bool:
        """Whether ack, nak or term was called."""
        return self._settled

    def ack(self) -> None:
        """It is done; the server forgets it when all tracks have."""
        self._say(b"+ACK")

    def ack_sync(self, timeout_s: float = 10.0) -> None:
        """As :meth:`ack`, and waits until the server has noted it, also across the loss of a connection.

        DeadlineExceeded when it has not by then: the item may then be delivered again. So it is when the hub was
        killed within moments of the delivery, for it then knows nothing of it.
        """
        if not self._settled:
            self._acks.confirm(self.reply, timeout_s)
            self._settled = True

    def nak(self, delay_s: float = 0.0) -> None:
        """It is to be delivered again, to anybody, at once or after ``delay_s``."""
        self._say(b'-NAK {"delay": %d}' % int(delay_s * 1e9) if delay_s > 0 else b"-NAK")

    def in_progress(self) -> None:
        """It is still worked on: its time starts anew."""
        if not self._settled:
            self._acks.say(self.reply, b"+WPI", keep=False)

    def term(self, reason: str = "") -> None:
        """It is never to be delivered again on this track; the server's advisory tells the reason."""
        words = f"+TERM {self.message_id or '-'} {' '.join(reason.split())}".strip()
        self._say(words.encode()[:1000])

    def _say(self, what: bytes) -> None:
        if not self._settled:
            self._settled = True
            self._acks.say(self.reply, what, keep=True)

    def __repr__(self) -> str:
        return f"Item({self.message_id!r}, {self.store}/{self.consumer} {self.sequence}, delivery {self.deliveries})"
