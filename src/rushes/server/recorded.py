"""The station's archive as its web process reads it: opened when it is there, and again when it is another one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.errors import ArchiveError
from rushes.lifecycle import Closeable
from rushes.server.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.archive import Archive

__all__ = ["Recorded"]


class Recorded(Closeable):
    """``where()`` says in which folder the archive is, None for nowhere. Any thread may call."""

    def __init__(self, where: Callable[[], str | None]) -> None:
        super().__init__()
        self._where = where
        self._lock = threading.Lock()
        self._archive: Archive | None = None

    def get(self) -> Archive:
        """The archive, open for reading. Refused with 404 when the station records nothing, with 503 as long as
        nothing has been written.
        """
        self._check_open()
        path = self._where()
        if path is None:
            raise Refused(
                "this station does not record",
                status=404,
                remedy="set record = true for the channel in the configuration",
                kind="NoArchive",
            )
        with self._lock:
            held = self._archive
            if held is not None and str(held.path) == path and (held.path / "index.sqlite").exists():
                return held
            if held is not None:
                self._archive = None
                held.close()
            self._archive = _opened(path)
            return self._archive

    def _close(self) -> None:
        with self._lock:
            held, self._archive = self._archive, None
        if held is not None:
            held.close()


def _opened(path: str) -> Archive:
    from rushes.archive import Archive

    try:
        return Archive(path, mode="r")
    except ArchiveError as error:
        if type(error) is not ArchiveError:  # it is there, and cannot be used
            raise
        raise Refused(
            f"nothing has been recorded yet ({error})",
            status=503,
            remedy="the first pictures are in the archive about a second after the recorder began: ask again",
            kind="NoArchive",
            retry_s=1,
        ) from error
