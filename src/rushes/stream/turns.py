"""Work done side by side, its results one after the other (pure)."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Turns"]

T = TypeVar("T")


class Turns(Generic[T]):
    """Tickets in the order in which work was begun; results are let through in that order.

    Each ticket is to be settled once. What is settled early waits for those before it, so no more wait than
    there are workers. Nothing is locked here: the caller does.
    """

    def __init__(self) -> None:
        self._next_ticket = 0
        self._next_turn = 0
        self._early: dict[int, T] = {}

    @property
    def early(self) -> list[T]:
        """The results that wait for others before them."""
        return list(self._early.values())

    @property
    def under_way(self) -> int:
        """How many tickets have not had their turn."""
        return self._next_ticket - self._next_turn

    def ticket(self) -> int:
        """A place in the order."""
        number = self._next_ticket
        self._next_ticket += 1
        return number

    def settle(self, ticket: int, result: T) -> list[T]:
        """The results whose turn it is now, in order: this one and those it kept waiting, or none."""
        self._early[ticket] = result
        through: list[T] = []
        while self._next_turn in self._early:
            through.append(self._early.pop(self._next_turn))
            self._next_turn += 1
        return through
