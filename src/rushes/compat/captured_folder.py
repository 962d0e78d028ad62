"""A folder for the pictures of captures, in which nothing else is ever touched.

A mark says that captures write there: without it, files of the same names are somebody's own. A lock on the
folder keeps one capture, or its cleaning up, from the files of another that is still running, whatever process
that is in; it goes with a process that dies.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rushes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CapturedFolder"]

MARK = ".captured-pictures"
# A capture that was killed leaves its pictures in one file with an index.
PICTURE = re.compile(r"\d{8,}\.(jpg|png|qoi)|frames\.(spool|index)")


class CapturedFolder:
    """The folder at ``path``, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def claimed(self, *, shared: bool = False) -> Iterator[Path]:
        """The folder, made where it was missing, with nobody else writing: or only others that share it.

        ConfigError while somebody else does, and for a folder with pictures that no capture made.
        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked(shared=shared):
            mark = self._path / MARK
            if not mark.exists():
                strange = self._pictures()
                if strange:
                    raise ConfigError(
                        f"{self._path} holds {strange[0].name}, which no capture made: "
                        "set temp_capture_dir to a folder of its own"
                    )
                mark.touch()
            yield self._path

    def clear(self) -> None:
        """Deletes what captures left. ConfigError while one is writing."""
        if not (self._path / MARK).exists():
            return
        with self._locked(shared=False):
            for each in self._pictures():
                each.unlink(missing_ok=True)
            (self._path / MARK).unlink(missing_ok=True)

    def add(self, data: bytes, suffix: str, number: int) -> int:
        """Writes a picture under the first number from ``number`` on that is free; that number."""
        while True:
            path = self._path / f"{number:08}.{suffix}"
            try:
                path.touch(exist_ok=False)  # takes the name, also from other writers; the picture comes whole
            except FileExistsError:
                number += 1
                continue
            half = self._path / f".{secrets.token_hex(8)}"
            try:
                half.write_bytes(data)
                half.replace(path)
            except BaseException:  # whatever it was, the name is free again
                half.unlink(missing_ok=True)
                path.unlink()
                raise
            return number

    def _pictures(self) -> list[Path]:
        found = (each for each in self._path.iterdir() if PICTURE.fullmatch(each.name))
        return sorted(each for each in found if each.is_file() and not each.is_symlink())

    @contextmanager
    def _locked(self, *, shared: bool) -> Iterator[None]:
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(folder, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigError(
                    f"a capture is writing to {self._path}: wait for capture_finished, or set temp_capture_dir"
                ) from error
            yield
        finally:
            os.close(folder)
