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
    from rushes.station.board import Board

__all__ = ["Recorded"]


class Recorded(Closeable):
    """``look()`` gives the board, which says where the archive is, and its cold store. Any thread may call."""

    def __init__(self, look: Callable[[], Board]) -> None:
        super().__init__()
        self._look = look
        self._lock = threading.Lock()
        self._archive: Archive | None = None
        self._place: tuple[str, str | None] | None = None

    def get(self) -> Archive:
        """The archive, open for reading. Refused with 404 when the station records nothing, with 503 as long as
        nothing has been written.
        """
        self._check_open()
        board = self._look()
        if board.archive is None:
            raise Refused(
                "this station does not record",
                status=404,
                remedy="set record = true for the channel in the configuration",
                kind="NoArchive",
            )
        place = (board.archive, board.cold)
        with self._lock:
            held = self._archive
            if held is not None and self._place == place and (held.path / "index.sqlite").exists():
                return held
            if held is not None:
                self._archive = None
                held.close()
            self._archive, self._place = _opened(*place), place
            return self._archive

    def _close(self) -> None:
        with self._lock:
            held, self._archive = self._archive, None
        if held is not None:
            held.close()


def _opened(path: str, cold: str | None) -> Archive:
    from rushes.archive import Archive

    try:
        return Archive(path, mode="r", cold=cold)
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
