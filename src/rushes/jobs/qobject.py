"""Calling back on the thread of a Qt object, without naming any Qt binding.

The object brings its binding along: the module that its QObject class comes from has been imported already.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ObjectChannel"]


class ObjectChannel:
    """A Qt object's thread, reached by a queued signal. Raises ConfigError when it is no Qt object."""

    def __init__(self, target: Any) -> None:
        base = next((kind for kind in type(target).__mro__ if kind.__name__ == "QObject"), None)
        core = None if base is None else sys.modules.get(base.__module__)
        if base is None or core is None:
            raise ConfigError(f"deliver is {target!r}, which has moveToThread but is no QObject")
        signal = getattr(core, "Signal", None) or core.pyqtSignal
        relay = type("Relay", (base,), {"posted": signal(object)})
        self._relay = relay()
        self._relay.moveToThread(target.thread())
        # A bound method of a Qt object is called on that object's thread; a plain function on the sender's.
        self._receiver = _receiver(base, target)  # kept: the connection holds it weakly
        self._relay.posted.connect(self._receiver.take, core.Qt.ConnectionType.QueuedConnection)

    def post(self, fn: Callable[[Any], object], argument: Any) -> None:
        """As ``Channel`` says."""
        self._relay.posted.emit(lambda: fn(argument))


def _receiver(base: type, target: Any) -> Any:
    class Receiver(base):  # type: ignore[misc]
        def take(self, call: Callable[[], object]) -> None:
            call()

    receiver = Receiver()
    receiver.moveToThread(target.thread())
    return receiver
