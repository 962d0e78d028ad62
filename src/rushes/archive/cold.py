"""Where recordings go that are seldom looked at: a bucket, or a folder on another disk."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rushes.archive.segment import sync_folder
from rushes.errors import (
    ArchiveCorrupt,
    ArchiveError,
    ClosedError,
    ConfigError,
    MissingExtra,
    unknown_name,
)
from rushes.lifecycle import Closeable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


__all__ = ["ColdStore"]

_SCHEMES = ("s3", "file", "memory")
_PART_BYTES = 8 << 20
# One part on its way while the next is read: a store that is slow must not cost memory.
_PARTS = 2
# Who waits for a picture, or for room to write, waits no longer than this for a store that is gone. A part gets
# two minutes, as lines out of a building may be slow.
_CLIENT: Mapping[str, Any] = {"connect_timeout": "3s", "timeout": "120s"}
_TRIES = 2
_RETRY_S = 15
_SECRETS = ("access_key_id", "secret_access_key", "session_token", "token")


class ColdStore(Closeable):
    """The place at ``url``: "s3://bucket/folder", "file:///folder", the path of a folder, or "memory://".

    ``options`` of a bucket: "endpoint", "region", "access_key_id", "secret_access_key" and what else obstore
    takes, and "allow_http" for an endpoint without TLS. What is not given comes from the variables of the environment
    that begin with AWS_. A folder is made when it is not there; the memory ends with this object.

    Nothing is asked of the place before the first call. Any thread. Every call raises ArchiveError, which names
    the place and no secret, when the place cannot be reached or refuses, and ClosedError after :meth:`close`, which
    gives the connections back. Raises ConfigError for an address that cannot be used, and MissingExtra without the
    extra "s3". A crash in the middle of an upload may leave parts of it in a bucket, which only a rule of the
    bucket for incomplete uploads removes.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._library = _library()
        self._folder: Path | None = None
        given = dict(options or {})
        self._secrets = _secrets(given)
        scheme = _scheme(url)
        if given and scheme != "s3":
            raise ConfigError("options of a cold store are for s3:// alone: leave them out", option="cold")
        self.place = url if scheme != "file" else str(_path(url))
        if scheme == "s3":
            self._store = self._bucket(url, given)
        elif scheme == "file":
            self._folder = _path(url)
            with self._told("be made"):
                self._store = self._library.store.LocalStore(self._folder, mkdir=True, automatic_cleanup=True)
        else:
            self._store = self._library.store.MemoryStore()
        self.name = self.place
        self._lock = threading.Lock()
        self._claimed: set[str] = set()

    def put(self, key: str, path: Path) -> None:
        """Copies the file to ``key``, in the place of what may be there; it is whole there, and safe, or not at all.

        Read in parts of 8 MiB. Raises FileNotFoundError when there is no such file.
        """
        size = path.stat().st_size
        with self._told(f"take {key}"):
            self._library.put(self._opened(), key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS)
            if self._folder is not None:
                _sync(self._folder, key)
            there = self._library.head(self._opened(), key)["size"]
        if there != size:
            raise ArchiveError(f"{self.place} has {there} of {size} bytes of {key}")

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes from ``offset``; ArchiveCorrupt, with ``path`` the key, when they are not there."""
        if not length:
            return b""
        try:
            with self._told(f"give {key}"):
                data = bytes(self._library.get_range(self._opened(), key, start=offset, length=length))
        except ArchiveError:
            # Stores word a range behind the end in as many ways as there are stores; the size tells.
            if self._size(key) >= offset + length:
                raise
            data = b""
        if len(data) != length:
            raise ArchiveCorrupt(f"{key} in {self.place} ends before byte {offset + length}", path=key)
        return data

    def delete(self, key: str) -> None:
        """Deletes it, if it is there."""
        with contextlib.suppress(FileNotFoundError), self._told(f"delete {key}", absent=True):
            self._library.delete(self._opened(), key)

    def exists(self, key: str) -> bool:
        """Whether something lies under ``key``."""
        try:
            with self._told(f"tell of {key}", absent=True):
                self._library.head(self._opened(), key)
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """False for as long as another thread has claimed the key: so that nobody deletes what is being moved."""
        with self._lock:
            mine = key not in self._claimed
            if mine:
                self._claimed.add(key)
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._claimed.discard(key)

    def _close(self) -> None:
        self._store = None  # and with it its connections

    def _opened(self) -> Any:
        store = self._store
        if store is None:
            raise ClosedError(f"the cold store {self.place} is closed", name=self.place)
        return store

    def _size(self, key: str) -> int:
        try:
            with self._told(f"tell of {key}", absent=True):
                return int(self._library.head(self._opened(), key)["size"])
        except FileNotFoundError:
            raise ArchiveCorrupt(f"{key} is not in {self.place}", path=key) from None

    def _bucket(self, url: str, options: dict[str, Any]) -> Any:
        from datetime import timedelta

        # Of the environment this one setting is not read once there are any for the client.
        plain = options.pop("allow_http", os.environ.get("AWS_ALLOW_HTTP", ""))
        client = {**_CLIENT, "allow_http": str(plain).lower() in ("true", "1")}
        try:
            return self._library.store.S3Store.from_url(
                url,
                config=options,
                client_options=client,
                retry_config={"max_retries": _TRIES, "retry_timeout": timedelta(seconds=_RETRY_S)},
            )
        except (self._library.exceptions.BaseError, ValueError, TypeError) as error:
            raise ConfigError(f"{url} cannot be used: {self._clean(error)}", option="cold") from None

    @contextlib.contextmanager
    def _told(self, what: str, *, absent: bool = False) -> Iterator[None]:
        """Errors of the place in this project's terms; with ``absent`` FileNotFoundError for what is not there."""
        try:
            yield
        except (self._library.exceptions.BaseError, OSError) as error:
            if absent and isinstance(error, FileNotFoundError):
                raise
            # Without the cause: its text holds whatever the place sent back.
            raise ArchiveError(f"{self.place} cannot {what}: {self._clean(error)}") from None

    def _clean(self, error: BaseException) -> str:
        """The first line, up to where a reply is quoted, and without what must not be shown."""
        text = str(error).partition("\n")[0].partition("<")[0].rstrip(" :")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:500]


def _library() -> Any:
    try:
        import obstore
        import obstore.exceptions
        import obstore.store
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "a cold store needs obstore: pip install 'rushes[s3]'", extra="s3", name="obstore"
        ) from error
    return obstore


def _secrets(options: Mapping[str, Any]) -> list[str]:
    """The longest first, so that one inside another leaves no rest."""
    found = {str(value) for name, value in options.items() if name.lower().removeprefix("aws_") in _SECRETS}
    found |= {os.environ.get(f"AWS_{name.upper()}", "") for name in _SECRETS}
    return sorted(found - {""}, key=len, reverse=True)


def _scheme(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark and url:
        return "file"
    if mark and scheme not in _SCHEMES:
        raise unknown_name("kind of cold store", scheme, _SCHEMES)
    usable = bool(mark)
    if scheme == "file":
        usable = rest.startswith("/")
    elif "@" in rest or "?" in rest:
        usable = False
    if not usable:
        # Not repeated: this is where people put their keys.
        raise ConfigError(
            "the address of a cold store is s3://bucket/folder, file:///folder, a folder or memory://; keys and"
            " settings belong into AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT and AWS_REGION",
            option="cold",
        )
    return scheme


def _path(url: str) -> Path:
    # Not urlsplit: it would cut off what follows a # or ?, and another folder be taken.
    return Path(unquote(url.removeprefix("file://")) if url.startswith("file://") else url).absolute()


def _sync(folder: Path, key: str) -> None:
    """Waits until it is on the disk: the local file is deleted next."""
    path = folder / key
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    for parent in path.parents:
        sync_folder(parent)
        if parent == folder:
            break
