"""What happens to handles when the process forks, exits, or uses one too late.

The list of living handles is the one piece of module state here: fork and exit hooks belong to the process
and cannot be handed an object.
"""

from __future__ import annotations

import atexit
import os
import weakref
from typing import TYPE_CHECKING, Any, cast

from rushes.errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes._native.core import Core
    from rushes.depot.handle import Handle

__all__ = ["forget", "gone", "rejoining", "remember"]

_LIVING: weakref.WeakSet[Handle] = weakref.WeakSet()


def remember(depot: Handle) -> None:
    """Have the handle closed at exit and told of a fork."""
    _LIVING.add(depot)


def forget(depot: Handle) -> None:
    """The handle was closed."""
    _LIVING.discard(depot)


class _Gone:
    """Stands in a closed handle's place for its core, so that no call needs a check of its own."""

    def __init__(self, label: str) -> None:
        self._label = label

    def __getattr__(self, name: str) -> Any:
        raise ClosedError(f"{self._label} is closed", name=self._label)


class _Rejoining:
    """Stands for the core of a handle inherited by fork: the first use attaches the child as a participant of
    its own.
    """

    def __init__(self, depot: Handle, join: Callable[[], Core]) -> None:
        self._depot = depot
        self._join = join

    def __getattr__(self, name: str) -> Any:
        core = self._join()
        self._depot._core = core
        return getattr(core, name)

    def close(self) -> None:
        """Never joined: nothing to leave."""


def gone(label: str) -> Core:
    """A core that answers everything with ClosedError."""
    return cast("Core", _Gone(label))


def rejoining(depot: Handle, join: Callable[[], Core]) -> Core:
    """A core that joins at its first use."""
    return cast("Core", _Rejoining(depot, join))


def _close_all() -> None:
    for depot in list(_LIVING):
        depot.close()


def _forked() -> None:
    for depot in list(_LIVING):
        depot._after_fork()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forked)
