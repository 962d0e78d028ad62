"""The things that ``rushes doctor`` looks at, in the order in which it does."""

from __future__ import annotations

import importlib.util
import os
import platform
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import RushesError
from rushes.limits import available_ram_bytes, available_shm_bytes, format_size

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Check", "run_all"]

_MIB = 1 << 20
_SHM_FATAL, _SHM_WANTED = 32 * _MIB, 256 * _MIB
_RAM_WANTED = 512 * _MIB
_FILES_WANTED = 1024
_SETTLE_S = 0.05
_EXTRAS = {
    "hub": "nats",
    "qt": "PySide6",
    "report": "matplotlib",
    "s3": "obstore",
    "screen": "mss",
    "video": "av",
    "web": "starlette",
}
_PEERS = ("iceoryx2", "frames_depot")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``remedy`` is empty when ``ok``; ``fatal``: rushes cannot work unless it is."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    fatal: bool = False


def run_all() -> list[Check]:
    """Every check, run."""
    return [check() for check in _CHECKS]


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    remedy = "" if ok else "install Python 3.11 or newer"
    return Check("python", ok, f"{platform.python_version()} on {platform.platform()}", remedy, fatal=True)


def _core() -> Check:
    from rushes import native_status

    try:
        status = native_status()
    except RushesError as error:
        return Check(
            "native core",
            False,
            str(error),
            "unset RUSHES_CORE, or reinstall with a C++ compiler",
            fatal=True,
        )
    ok = status == "native core: yes"
    remedy = "" if ok else "reinstall rushes with a C++ compiler (Debian and Ubuntu: apt-get install g++)"
    return Check("native core", ok, status.removeprefix("native core: "), remedy)


def _folder() -> Check:
    from rushes.depot import segment

    try:
        place = segment.folder()
    except (RushesError, OSError) as error:
        remedy = f"make it yours alone (chmod 700), or set {segment.FOLDER_VARIABLE} to a folder on a tmpfs"
        return Check("depot folder", False, str(error), remedy, fatal=True)
    return Check("depot folder", True, f"{place}, mode {place.stat().st_mode & 0o777:04o}", fatal=True)


def _shared_memory() -> Check:
    from rushes.depot import segment

    place = _place()
    try:
        room, free = os.statvfs(place), available_shm_bytes(place)
    except OSError as error:
        remedy = f"mount a tmpfs at {place}, or set {segment.FOLDER_VARIABLE}"
        return Check("shared memory", False, f"{place}: {error.strerror}", remedy, fatal=True)
    found = f"{format_size(room.f_blocks * room.f_frsize)}, {format_size(free)} free"
    if free >= _SHM_WANTED:
        return Check("shared memory", True, found, fatal=True)
    remedy = (
        f"depots of 1080p want {format_size(_SHM_WANTED)}: try rushes depot sweep, or "
        f"mount -o remount,size=2G {place}; start a container with --shm-size=2g"
    )
    return Check("shared memory", False, found, remedy, fatal=free < _SHM_FATAL)


def _round_trip() -> Check:
    """A frame through a real depot: whatever of the above was misjudged shows here."""
    import numpy as np

    from rushes.depot import Depot

    try:
        with Depot.create(slots=2, shape=(4, 4)) as depot:
            depot.put(np.full((4, 4), 7, np.uint8))
            lease = depot.newest()
            ok = lease is not None and bool((lease.array == 7).all())
            del lease
    except (RushesError, OSError) as error:
        return Check("a frame through a depot", False, str(error), "see the checks above", fatal=True)
    remedy = "" if ok else "this is a bug in rushes: please report it with the output of this command"
    return Check(
        "a frame through a depot", ok, "as it was put" if ok else "came back changed", remedy, fatal=True
    )


def _files() -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ok = soft == resource.RLIM_INFINITY or soft >= _FILES_WANTED
    remedy = "" if ok else f"ulimit -n {_FILES_WANTED} (the hard limit is {hard})"
    return Check(
        "open files", ok, "no limit" if soft == resource.RLIM_INFINITY else f"at most {soft}", remedy
    )


def _memory() -> Check:
    free = available_ram_bytes()
    remedy = "" if free >= _RAM_WANTED else f"close something: {format_size(_RAM_WANTED)} are wanted"
    return Check("memory", not remedy, f"{format_size(free)} available", remedy)


def _clock() -> Check:
    """Frames carry UTC: it must be later than this release, and go at the pace of the monotonic clock."""
    wall, steady = time.time_ns(), time.monotonic_ns()
    time.sleep(_SETTLE_S)
    apart_ms = abs((time.time_ns() - wall) - (time.monotonic_ns() - steady)) / 1e6
    released = Path(__file__).stat().st_mtime_ns
    ok = apart_ms < 20 and wall > released - 86_400 * 10**9
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(wall // 10**9))
    remedy = "" if ok else "set the clock (timedatectl set-ntp true): frames would carry wrong times"
    return Check("clock", ok, f"{now} UTC, steady within {apart_ms:.2f} ms", remedy)


def _peers() -> Check:
    there = [name for name in _PEERS if importlib.util.find_spec(name) is not None]
    return Check(
        "peers for benchmarks",
        True,
        ", ".join(there) or "none installed (only rushes' own benchmarks use them)",
    )


def _extras() -> Check:
    """Each extra by one package of its own that nothing else brings."""
    there = {name: importlib.util.find_spec(package) is not None for name, package in _EXTRAS.items()}
    missing = [name for name, found in there.items() if not found]
    found = ", ".join(name for name in there if there[name]) or "none"
    tail = f"; for more: pip install 'rushes[{','.join(missing)}]'" if missing else ""
    return Check("extras", True, found + tail)


def _place() -> Path:
    from rushes.depot import segment

    given = os.environ.get(segment.FOLDER_VARIABLE)
    return Path(given) if given else Path("/dev/shm")


_CHECKS: tuple[Callable[[], Check], ...] = (
    _python,
    _core,
    _folder,
    _shared_memory,
    _round_trip,
    _files,
    _memory,
    _clock,
    _extras,
    _peers,
)
