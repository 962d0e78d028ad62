"""The files behind depots: where they lie, how they are made, found, checked and removed.

A named depot is one file of mode 0600 in a per-user folder of mode 0700 on the shared-memory file system. It
is made nameless, filled, and only then linked to its name, so that nobody ever sees half of one and a creator
killed in between leaves nothing. An anonymous depot is a sealed memfd, which needs no name and leaves nothing
either. Python's own SharedMemory was rejected: its tracker removes a segment when any process that merely
attached ends, and it does not allocate, so that a full file system becomes a SIGBUS later.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rushes import limits
from rushes._native import layout, module, ofd
from rushes.errors import ConfigError, DepotError, SegmentMismatch, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "check_name",
    "folder",
    "gate",
    "give_name",
    "make",
    "make_way",
    "names",
    "open_named",
    "path_of",
    "read_header",
    "reopen",
    "unlink_if_same",
    "users",
]

FOLDER_VARIABLE = "RUSHES_SHM_DIR"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_ANONYMOUS = re.compile(r"anon:(\d+):(\d+):([0-9a-f]{32})")
_GATE = layout.PAGE - 1  # a byte of the header page that is only ever locked, never written
_GATE_SECONDS = 5.0
_MOST_OF_FREE = 0.95  # of the free shared memory that one depot may take; the rest keeps other programs alive


def check_name(name: str) -> None:
    """Raises ConfigError unless ``name`` can be a depot's: letters, digits, ``._-``, at most 100, no leading
    dot.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"depot name {name!r}: use 1 to 100 letters, digits, '.', '_' or '-', not starting with '.' or '-'"
        )


def folder() -> Path:
    """The folder of this user's depots, made on first use. Raises DepotError when it is not private to this
    user.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    place = Path(given) if given else Path("/dev/shm") / f"rushes-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    about = place.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise DepotError(
            f"{place} must be a folder of yours with mode 0700: another user could plant or read frames there; "
            f"remove it, or set {FOLDER_VARIABLE}"
        )
    return place


def path_of(name: str) -> Path:
    """Where the depot of this name lies."""
    check_name(name)
    return folder() / name


def names() -> list[str]:
    """Names of the depots in the folder, sorted; they may be live, stale or foreign files."""
    return sorted(entry.name for entry in folder().iterdir() if _NAME.fullmatch(entry.name))


def make(place: Path | None, header: layout.Header) -> int:
    """A whole, initialised segment in the folder ``place`` without a name yet; None makes an anonymous,
    sealed one.

    Returns a descriptor. Raises DepotError when there is no room; nothing is left behind then.
    """
    try:
        fd = _nameless(place)
    except OSError as error:
        raise DepotError(f"cannot make a depot in {place}: {error.strerror}") from error
    try:
        _allocate(fd, header.geometry.total, place)
        os.pwrite(fd, layout.pack(header, finished=False), 0)
        module(header.core).initialise(fd)
        os.pwrite(fd, layout.pack(header), 0)
        if place is None:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except (
        BaseException
    ):  # whatever went wrong, Ctrl-C included, the nameless memory goes with its last descriptor
        os.close(fd)
        raise
    return fd


def _nameless(place: Path | None) -> int:
    if place is None:
        return os.memfd_create("rushes-depot", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    return os.open(place, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)


def _allocate(fd: int, size: int, place: Path | None) -> None:
    asked = f"the depot needs {size / 2**20:.1f} MiB"
    for free, where in _room(place):
        if size > free * _MOST_OF_FREE:
            raise DepotError(
                f"{asked}, {free / 2**20:.1f} MiB are free {where}: use fewer or smaller slots, or make room there"
            )
    try:
        # Not ftruncate: it promises nothing, and the first write to a page that cannot be had is a SIGBUS.
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        raise DepotError(f"{asked}, which cannot be had: {error.strerror}") from error


def _room(place: Path | None) -> Iterator[tuple[int, str]]:
    """(free bytes, where) of each thing that must have room; asking first, since the kernel answers some by
    killing.
    """
    if place is not None:
        where = os.statvfs(place)
        yield where.f_bavail * where.f_frsize, f"in {place}"
    if place is None or _in_memory(place):
        yield limits.available_ram_bytes(), "in memory"


def _in_memory(place: Path) -> bool:
    """Whether the folder lies in RAM: the nearest mount above it is a tmpfs."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    above = [fields for fields in mounts if place.resolve().is_relative_to(fields[1])]
    return max(above, key=lambda fields: len(fields[1]))[2] in ("tmpfs", "ramfs")


def give_name(fd: int, path: Path) -> None:
    """Let the segment be found. Raises DepotError when the name is taken."""
    here = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # With a folder descriptor given, Python calls linkat and follows the link, which is how a nameless
        # file gets a name.
        os.link(f"/proc/self/fd/{fd}", path.name, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=True)
    except FileExistsError:
        raise DepotError(
            f"a depot named {path.name!r} exists: attach to it, choose another name, "
            "or create with replace='stale' or 'always'",
            depot=path.name,
        ) from None
    finally:
        os.close(here)


def reopen(fd: int) -> int:
    """A new file description of the same segment: locks belong to descriptions, so each participant needs its
    own.
    """
    return os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC)


def read_header(fd: int, name: str = "") -> layout.Header:
    """The checked header behind a descriptor. Raises SegmentMismatch naming what is wrong with it."""
    try:
        return layout.unpack(os.pread(fd, layout.HEADER_BYTES, 0), os.fstat(fd).st_size)
    except SegmentMismatch as error:
        raise SegmentMismatch(f"{name or 'depot'}: {error}", depot=name) from error


def open_named(name: str) -> int:
    """A descriptor of the depot called ``name``, also of an anonymous one by its ``anon:…`` name.

    Raises UnknownName listing the depots there are, SegmentMismatch for something that is none.
    """
    anonymous = _ANONYMOUS.fullmatch(name)
    path = Path(f"/proc/{anonymous[1]}/fd/{anonymous[2]}") if anonymous else path_of(name)
    try:
        # Anonymous ones are links to a nameless file; a named one that is a link was planted.
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | (0 if anonymous else os.O_NOFOLLOW))
    except FileNotFoundError:
        known = names()
        raise unknown_name("depot", name, known) from None
    except OSError as error:
        if error.errno == errno.EACCES:
            raise DepotError(
                f"depot {name!r} belongs to another user: {error.strerror}", depot=name
            ) from error
        raise SegmentMismatch(f"{name!r} is no depot segment: {error.strerror}", depot=name) from error
    if anonymous:
        try:
            same = read_header(fd, name).uuid.hex() == anonymous[3]
        except SegmentMismatch:
            same = False
        if not same:
            os.close(fd)
            raise unknown_name("depot", name, ())
    return fd


@contextlib.contextmanager
def gate(fd: int) -> Iterator[None]:
    """Hold the segment's gate: attaching, and leaving with a look whether anyone is left, exclude one
    another.

    Raises DepotError when somebody keeps it for 5 s, which only a stopped process does.
    """
    until = time.monotonic() + _GATE_SECONDS
    while not ofd.try_take(fd, _GATE):
        if time.monotonic() > until:
            raise DepotError(
                "the depot's gate has been held for 5 s: a process was stopped while attaching or leaving"
            )
        time.sleep(0.001)
    try:
        yield
    finally:
        ofd.release(fd, _GATE)


def users(fd: int) -> list[int]:
    """Rows of the participants that are alive, seen through a description that is not one of theirs."""
    return module(read_header(fd).core).probe(fd)


def unlink_if_same(path: Path, fd: int) -> bool:
    """Remove the name if it still means the segment behind ``fd``; False when it was replaced or gone."""
    try:
        if not os.path.samestat(path.lstat(), os.fstat(fd)):
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def make_way(path: Path, replace: str) -> None:
    """Clear the name for a new depot as ``replace`` allows: "never", "stale" (nobody uses it) or "always".

    Raises DepotError when the name stays taken, SegmentMismatch when "stale" meets a file that is no depot.
    """
    if replace == "never" or not os.path.lexists(path):
        return  # giving the name will tell whether it is free
    if replace == "always":
        path.unlink(missing_ok=True)
        return
    fd = open_named(path.name)
    try:
        with gate(fd):
            rows = users(fd)
            if rows:
                raise DepotError(
                    f"depot {path.name!r} is in use by {len(rows)} participants, so it is not stale",
                    depot=path.name,
                )
            unlink_if_same(path, fd)
    finally:
        os.close(fd)
