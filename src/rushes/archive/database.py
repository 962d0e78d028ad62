"""The archive's one SQLite file: connections, transactions, migrations, and its errors in the project's terms."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
from collections import deque
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rushes.errors import ArchiveCorrupt, ArchiveError, ClosedError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Connection", "Database", "IndexBusy"]

Connection: TypeAlias = sqlite3.Connection

_LOG = logging.getLogger(__name__)
_NAME = "index.sqlite"
# "rush": tells the file from other programs' databases.
_APPLICATION = 0x72757368
_BUSY_S = 0.25
_MOST_IDLE = 8
_WAL_BYTES = 64 << 20


class IndexBusy(ArchiveError):
    """Another process holds the index: nothing was written. Try again."""


class Database:
    """The file ``index.sqlite`` in ``folder``, which must exist; with mode "rw" it is made, and kept up to date.

    Mode "r" changes nothing and works in a folder that cannot be written to. Any thread. Errors, here and in
    the blocks of :meth:`reading` and :meth:`writing`: :class:`IndexBusy` when another process has it locked for
    longer than a quarter of a second, ArchiveCorrupt when it is damaged, no index at all or made by a newer
    version, OSError with ENOSPC when the disk is full, ClosedError after :meth:`close`.
    """

    def __init__(self, folder: Path | str, mode: str = "rw") -> None:
        if mode not in ("r", "rw"):
            raise ConfigError(f'mode is "r" or "rw", not {mode!r}', option="mode")
        self.path = Path(folder) / _NAME
        self.mode = mode
        self._steps = _migrations()
        self._closed = False
        self._write_lock = threading.Lock()
        # Appended to and popped from by any thread; the connection used last is the warmest.
        self._idle: deque[Connection] = deque()
        self._immutable = False
        with self._told():
            self._writer = self._open_writer() if mode == "rw" else None
            if self._writer is None:
                self._idle.append(self._open_first_reader())

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection of one's own for the block, for single statements: each sees what is there at its time."""
        connection = self._take()
        try:
            with self._told():
                yield connection
        finally:
            self._give_back(connection)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """As :meth:`reading`; all statements of the block see one and the same state. Keep it short."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextlib.contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, undone when it raises. One thread at a time.

        ``durable``: it is on the disk when the block is left, and not merely safe from a crash of this process.
        Do nothing slow in the block.
        """
        with self._write_lock, self._told():
            connection = self._writer
            if connection is None:
                raise self._refusal()
            # Without this a power cut could bring rows back whose files were deleted because of the transaction.
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:  # whatever it was, half a transaction must not stay
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Ends it; connections still in use are closed when their blocks end. May be called again."""
        self._closed = True
        with self._write_lock:
            writer, self._writer = self._writer, None
        self._drain()
        if writer is not None:
            # The last one to go folds the log into the file; it may not be able to.
            with contextlib.suppress(sqlite3.Error):
                writer.close()

    def _refusal(self) -> Exception:
        if self._closed:
            return ClosedError("the archive's index is closed", name=str(self.path))
        return ArchiveError(f'{self.path} was opened with mode "r"')

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            if self._closed:
                raise self._refusal() from None
        with self._told():
            return self._open_reader()

    def _give_back(self, connection: Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        if len(self._idle) >= _MOST_IDLE:
            connection.close()
            return
        self._idle.append(connection)
        if self._closed:  # looked at last: close() may have emptied it just before
            self._drain()

    def _drain(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _open_writer(self) -> Connection:
        connection = self._connect("rwc")
        try:
            self._check(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            self._migrate(connection)
        except BaseException:  # whatever it is, nothing half done may stay open
            connection.close()
            raise
        return connection

    def _open_first_reader(self) -> Connection:
        if not self.path.exists():
            raise ArchiveError(f"there is no archive in {self.path.parent}")
        try:
            return self._open_reader()
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
        # The log's own index cannot be made beside the file: then nobody writes here either.
        self._immutable = True
        log = self.path.with_name(f"{_NAME}-wal")
        if log.exists() and log.stat().st_size:
            _LOG.warning("%s cannot be read in a folder that is read-only: the newest rows are missing", log)
        return self._open_reader()

    def _open_reader(self) -> Connection:
        connection = self._connect("ro")
        try:
            if self._check(connection) < len(self._steps):
                raise ArchiveError(
                    f"{self.path} was made by an older rushes or is not whole yet: open it for writing once"
                )
            connection.execute("PRAGMA query_only = ON")
        except BaseException:  # whatever it is, nothing half done may stay open
            connection.close()
            raise
        return connection

    def _connect(self, mode: str) -> Connection:
        options = f"mode={mode}" + ("&immutable=1" if self._immutable else "")
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{options}",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _check(self, connection: Connection) -> int:
        """The version of what is there, 0 for a new file."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION and (application or version or tables):
            raise ArchiveCorrupt(f"{self.path} is another program's database", path=str(self.path))
        if version > len(self._steps):
            raise ArchiveCorrupt(f"{self.path} was made by a newer rushes", path=str(self.path))
        return int(version)

    def _migrate(self, connection: Connection) -> None:
        steps = self._steps
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number in range(version + 1, len(steps) + 1):
            script = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {number}; COMMIT;"
            try:
                connection.executescript(f"BEGIN IMMEDIATE; {steps[number - 1]}; {script}")
            except BaseException:  # whatever it is, nothing half done may stay open
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except UnicodeEncodeError as error:
            raise ConfigError(f"{error.object!r} is no text that can be kept: {error.reason}") from error

    def _translated(self, error: sqlite3.Error) -> Exception:
        where, code = str(self.path), _code(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return IndexBusy(f"{where} is locked by another process")
        if code == sqlite3.SQLITE_FULL:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), where)
        if code == sqlite3.SQLITE_IOERR:
            return OSError(errno.EIO, f"{os.strerror(errno.EIO)} ({error})", where)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return ArchiveCorrupt(f"{where} cannot be trusted: {error}", path=where)
        return ArchiveError(f"{where}: {error}")


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; -1 for an error that the module itself raised."""
    return getattr(error, "sqlite_errorcode", -1) & 0xFF


def _migrations() -> list[str]:
    """The text of each migration, in their order."""
    folder = resources.files("rushes.archive") / "migrations"
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in names]
