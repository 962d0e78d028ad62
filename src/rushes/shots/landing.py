"""A shot's file: it comes to be while the shot is wanted, or never."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from rushes.errors import JobCancelled
from rushes.shots.files import write_new

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.shots.folder import Names

__all__ = ["Landing"]

LOG = logging.getLogger("rushes.shots")


class Landing:
    """The file of one shot, under a name that is held until the file is there for good or can never be.

    The shot's worker writes it; whatever thread ends the shot keeps it or gives it up. The two may meet: whoever
    comes last tidies up, so that neither waits for the other's disk.
    """

    def __init__(self, path: Path, names: Names) -> None:
        self.path = path
        self._names = names
        self._lock = threading.Lock()
        self._naming = False
        self._given_up = False
        self._held = True
        self._made: os.stat_result | None = None

    def write(self, data: bytes) -> None:
        """Makes the file. Raises as ``write_new``, and JobCancelled when it was given up meanwhile: then there
        is none.
        """
        made = None
        try:
            made = write_new(self.path, data, self._begin_naming)
        finally:
            with self._lock:
                self._naming = False
                self._made = made
                given_up = self._given_up
            if given_up:
                self._undo()
        if given_up:
            raise _unwanted(self.path)

    def keep(self) -> None:
        """The shot is a success: the file stays, the name is no concern of ours any more."""
        self._free()

    def give_up(self) -> None:
        """The shot ended without success: no file of its stays or comes. Idempotent."""
        with self._lock:
            self._given_up = True
            if self._naming:
                return  # the worker will find out as soon as the system call is over, and undo it
        self._undo()

    def _begin_naming(self) -> None:
        with self._lock:
            if self._given_up:
                raise _unwanted(self.path)
            self._naming = True

    def _undo(self) -> None:
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            _unlink(self.path, made)
        # Only now may another shot have the name: before, what is unlinked could have been its file.
        self._free()

    def _free(self) -> None:
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._names.free(self.path)


def _unlink(path: Path, made: os.stat_result) -> None:
    """Removes the file if it is still the one that was made, and not what another program put there since."""
    try:
        if os.path.samestat(os.lstat(path), made):
            os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        LOG.warning("%s is of a shot that was given up, and cannot be removed: %s", path, error)


def _unwanted(path: Path) -> JobCancelled:
    return JobCancelled(f"{path} is not wanted any more", reason="on request")
