"""What workers and receivers need of whatever brings them work and takes their results: a hub, or this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rushes.errors import RushesError

__all__ = ["Confirmation", "Item", "Puller", "WorkLink"]


class Item(Protocol):
    """A frame to be worked on, or a result; see :class:`rushes.wire.jet_item.Item`."""

    @property
    def sequence(self) -> int:
        """Its number, which no other has."""

    @property
    def deliveries(self) -> int:
        """How often it was given out."""

    @property
    def head(self) -> bytes:
        """The parcel's head."""

    @property
    def payload(self) -> Any:
        """Its bytes."""

    def ack(self) -> None:
        """It is done."""

    def nak(self, delay_s: float = 0.0) -> None:
        """It is to come again, to anybody, at once or after ``delay_s``."""

    def term(self, reason: str = "") -> None:
        """It is never to come again."""

    def in_progress(self) -> None:
        """It is still worked on."""

    def made(self) -> None:
        """It has a result, which is not safe yet."""


class Puller(Protocol):
    """Takes items as long as it has credit."""

    def credit(self, count: int = 1) -> None:
        """So many more. ClosedError after the close."""

    def close(self) -> None:
        """No more; what comes nevertheless goes back."""


class Confirmation(Protocol):
    """Of a result that was handed in."""

    def on_done(self, callback: Callable[[RushesError | None], object]) -> None:
        """Calls ``callback(error)`` once, with None when it is safe."""


class WorkLink(Protocol):
    """A link to where work comes from, and where results go."""

    @property
    def unconfirmed(self) -> int:
        """How many results were handed in and are not safe yet."""

    def pull(self, stream: str, track: str, *, batch: int, on_item: Callable[[Any], object]) -> Puller:
        """Takes frames of a track, ``batch`` of them at first."""

    def pull_results(self, stream: str, *, batch: int, on_item: Callable[[Any], object]) -> Puller:
        """Takes results."""

    def in_progress(self, items: Iterable[Any]) -> None:
        """All these are still worked on, or held."""

    def result_stream(self, stream: str, *, max_in_flight: int = 256) -> None:
        """Makes the place for results, or joins it."""

    def publish(
        self,
        subject: str,
        message_id: str,
        head: bytes,
        payload: Any,
        *,
        timeout_s: float | None = None,
        wait_full: bool = False,
    ) -> Confirmation:
        """Hands in a result."""

    def close(self) -> None:
        """Ends it."""
