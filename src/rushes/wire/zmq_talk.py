"""What both ends of talk between processes of one machine have: nobody is called back before they are ready."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rushes.wire.endpoint import Endpoint
from rushes.wire.zmq_io import Link

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Talk"]


class Talk(Link):
    """A link at the socket ``name`` in the folder of sockets, told as ``shown``, that waits for :meth:`begin`."""

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        bind: bool,
        hwm: int,
        shown: str,
        on_event: Callable[[str, Any], object],
    ) -> None:
        self._begun = threading.Event()
        super().__init__(
            Endpoint("ipc", name=name), kind, bind=bind, keys=None, insecure=False, hwm=hwm, on_event=on_event
        )
        self.name = shown

    def begin(self) -> None:
        """Calls back from now on, and not before: whoever is called may need this object."""
        self._begun.set()

    def _run(self) -> None:
        self._begun.wait()
        super()._run()

    def _close(self) -> None:
        self._stop = True  # before the thread is let go: one that never began calls nobody
        self._begun.set()
        super()._close()
