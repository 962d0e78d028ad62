"""Results kept on disk: one file for each key, whole or absent, bounded by bytes."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from pathlib import Path

from rushes.errors import ConfigError

__all__ = ["DiskCache"]

SWEPT_TO = 0.7
"""How full a sweep leaves it: sweeping to the brim would mean a sweep for each file from there on."""


class DiskCache:
    """Bytes by key under ``folder``, up to ``max_bytes``. Any thread, and any process, may use the same folder.

    Keys are text and never become part of a path: the file is named by their hash, in one of 256 folders. A
    file appears by one rename, so a reader sees all of it or nothing. Bytes only, so that reading can run no
    code.
    """

    def __init__(self, folder: str | os.PathLike[str], max_bytes: int) -> None:
        if max_bytes < 1:
            raise ConfigError(f"max_bytes is {max_bytes}; give at least 1", option="max_bytes")
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = (
            None  # found by the first sweep; others may write here too, so it is a guess
        )
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the bytes of ``key`` lie if they are kept."""
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name[2:]

    def get(self, key: str, *, max_age_s: float | None = None) -> bytes | None:
        """The bytes kept under ``key``, None when there are none or they are older than ``max_age_s``."""
        path = self.path(key)
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                if max_age_s is not None and time.time() - status.st_mtime > max_age_s:
                    return None
                data = file.read()
            # The time of use is set by hand, as most systems are mounted not to; the age must stay.
            os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        except FileNotFoundError:
            return None
        return data

    def put(self, key: str, data: bytes) -> bool:
        """Keeps ``data``; False when it alone is over the bound. Raises OSError when the disk refuses."""
        if len(data) > self.max_bytes:
            return False
        path = self.path(key)
        path.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="new-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        with self._lock:
            if self._bytes is not None:
                self._bytes += len(data)
            full = self._bytes is None or self._bytes > self.max_bytes
        if full:
            self.sweep()
        return True

    def remove(self, key: str) -> None:
        """Forgets one, there or not."""
        self.path(key).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Removes what was used longest ago until there is room again; how many bytes are left.

        Also what writers that were killed left half-written an hour ago or more.
        """
        found = []
        for path in self.folder.glob("??/*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # another sweep was faster
            stale = path.name.startswith("new-")
            if not stale:
                found.append((status.st_atime_ns, status.st_size, path))
            elif time.time() - status.st_mtime > 3600:
                path.unlink(missing_ok=True)
        total = sum(size for _, size, _ in found)
        if total > self.max_bytes:
            for _, size, path in sorted(found):
                path.unlink(missing_ok=True)
                total -= size
                if total <= self.max_bytes * SWEPT_TO:
                    break
        with self._lock:
            self._bytes = total
        return total
