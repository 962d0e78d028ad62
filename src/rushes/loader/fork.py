"""What a forked child does about the loaders it inherits: their threads stayed behind, their locks may be held."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OFFSPRING", "Offspring"]

T = TypeVar("T")


class Offspring:
    """Tells all that is watched, in a forked child, to begin anew.

    A hook for each loader was rejected: hooks cannot be taken back, and would pile up.
    """

    def __init__(self) -> None:
        self._watched: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()

    def watch(self, owner: T, renew: Callable[[T], None]) -> None:
        """Has ``renew(owner)`` called in every forked child, as long as the owner lives."""
        self._watched[owner] = renew

    def renew(self) -> None:
        """The hook itself."""
        for owner, renew in list(self._watched.items()):
            renew(owner)


OFFSPRING = Offspring()
"""One for the process, as fork hooks are."""

os.register_at_fork(after_in_child=OFFSPRING.renew)
