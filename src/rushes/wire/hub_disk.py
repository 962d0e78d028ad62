"""Whether a hub's disk has room, and whether its server has met the end of it.

A server that could not write once takes nothing any more for that store, also when there is room again, and says
nothing to those who publish: it has to be started anew. It says so in its log alone.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from rushes.wire.hub_config import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Disk"]

_LEAST_BYTES = 2 * MAX_PAYLOAD_BYTES
_MOST_READ = 1 << 20
_SAID = ("no space left", "Critical write error", "disk quota exceeded", "JetStream out of")


class Disk:
    """The disk of ``folder``, and what the servers there say of it in ``log``."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder, self._log = folder, log
        self._read = 0
        self._stuck = 0

    @property
    def roomy(self) -> bool:
        """Whether there is room for the largest messages."""
        return shutil.disk_usage(self.folder).free >= _LEAST_BYTES

    def stuck(self, pid: int) -> bool:
        """Whether the server of that process id has said that it could not write."""
        lines = self._news()
        if any(line.startswith(f"[{pid}] ") and any(word in line for word in _SAID) for line in lines):
            self._stuck = pid
        return self._stuck == pid

    def _news(self) -> list[str]:
        try:
            size = self._log.stat().st_size
            if size == self._read:
                return []
            if size < self._read:  # it was put aside, and begun anew
                self._read = 0
            with self._log.open("rb") as file:
                file.seek(max(self._read, size - _MOST_READ))
                text = file.read(_MOST_READ)
        except OSError:
            return []
        whole = text.rfind(b"\n") + 1  # the last line may be half written
        self._read = max(self._read, size - _MOST_READ) + whole
        return text[:whole].decode("utf-8", "replace").splitlines()
