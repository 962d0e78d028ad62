"""How far a receiver of this machine has come, kept in a file beside its socket: its frames outlive it, but no restart
of the machine, and neither need this.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING

from rushes.wire.zmq_sockets import ipc_folder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NearClaim"]

_log = logging.getLogger("rushes.stream")


class NearClaim:
    """:class:`rushes.wire.jet_claim.Claim` for who has bound the name, which one process has at a time. ``text`` is the
    last note of whoever had it before.
    """

    def __init__(self, name: str) -> None:
        self._path = ipc_folder() / f"{name}+progress"
        self.text = b""
        with contextlib.suppress(FileNotFoundError):
            self.text = self._path.read_bytes()

    def note(self, text: bytes, then: Callable[[], object]) -> threading.Event:
        """Notes ``text`` in place of what was noted before: as a whole to another name, and then renamed, so that a
        kill leaves one or the other.
        """
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            part.write_bytes(text)
            os.replace(part, self._path)
        except OSError as error:
            _log.warning("how far %s has come cannot be kept: %s", self._path.name, error)
        then()
        written = threading.Event()
        written.set()
        return written

    def close(self) -> None:
        """Nothing more is noted."""
