"""How a depot handle comes to be and how it leaves: options checked, segment made or found, name cleared at
the end.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes._native import default_kind, layout, module
from rushes.clock import SYSTEM
from rushes.depot import checks, policy, segment
from rushes.depot.spill import Spill
from rushes.errors import ConfigError, UnknownName, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes._native.core import Core

__all__ = ["Opened", "Wanted", "after_fork", "attach", "create", "leave", "shapes_of", "unlink"]

_REPLACE = ("never", "stale", "always")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of ``Depot.create``."""

    name: str | None
    slots: int
    shape: tuple[int, ...] | None
    dtype: Any
    slot_bytes: int | None
    when_full: policy.WhenFull
    participants: int
    replace: str
    persistent: bool
    prefault: bool
    spill_dir: Path | None
    spill_bytes: int


@dataclass(slots=True)
class Opened:
    """A joined segment. ``file`` is a description that no participant lock hangs on: for the gate and for
    looking.
    """

    name: str
    mode: str
    header: layout.Header
    core: Core
    file: int
    path: Path | None
    spill: Spill | None = None
    ask: Callable[..., Any] | None = None
    prefault: bool = True


def shapes_of(header: layout.Header) -> checks.Shapes:
    """What the depot accepts."""
    return checks.Shapes(header.shape, np.dtype(header.dtype), header.geometry.slot_bytes)


def create(wanted: Wanted) -> Opened:
    """Make and join a new segment, then give it its name: who finds it finds a participant in it."""
    if wanted.name is not None:
        segment.check_name(wanted.name)
    if wanted.replace not in _REPLACE:
        raise unknown_name("replace option", wanted.replace, _REPLACE)
    path = None if wanted.name is None else segment.path_of(wanted.name)
    header, ask = _header(wanted)
    if path is not None:
        segment.make_way(path, wanted.replace)
    spill = None
    if header.spill_path:
        spill = Spill.create(header, wanted.spill_bytes)
    try:
        return _make(wanted, header, path, spill, ask)
    except BaseException:  # whatever went wrong, the spill file must not outlive the depot that never was
        if spill is not None:
            spill.close(last=True)
        raise


def _make(
    wanted: Wanted,
    header: layout.Header,
    path: Path | None,
    spill: Spill | None,
    ask: Callable[..., Any] | None,
) -> Opened:
    file = segment.make(None if path is None else path.parent, header)
    core = None
    try:
        core = _join(file, header, "rw", wanted.prefault)
        if path is not None:
            segment.give_name(file, path)
    except BaseException:  # as above: nothing may be left behind
        if core is not None:
            core.close()
        os.close(file)
        raise
    name = wanted.name or f"anon:{os.getpid()}:{file}:{header.uuid.hex()}"
    return Opened(name, "rw", header, core, file, path, spill, ask, wanted.prefault)


def _header(wanted: Wanted) -> tuple[layout.Header, Callable[..., Any] | None]:
    if wanted.dtype is None:
        raise ConfigError("dtype must be a number type such as 'uint8', not None")
    dtype = checks.native_dtype(wanted.dtype)
    size = checks.slot_size(wanted.shape, dtype, wanted.slot_bytes)
    geometry = layout.geometry(wanted.slots, wanted.participants, size)
    kind, ask = policy.parse(wanted.when_full)
    uuid = secrets.token_bytes(16)
    spill_path = ""
    if kind == "spill":
        if wanted.spill_dir is None:
            raise ConfigError("when_full='spill' needs spill_dir=, a folder on a disk")
        spill_path = str(wanted.spill_dir.absolute() / f"rushes-{uuid.hex()}.spill")
        if len(spill_path.encode()) > layout.PATH_BYTES:
            raise ConfigError(f"spill_dir is too long: its files' paths may have {layout.PATH_BYTES} bytes")
    elif wanted.spill_dir is not None:
        raise ConfigError(f"spill_dir is for when_full='spill', not {kind!r}")
    flags = (layout.FLAG_PERSISTENT if wanted.persistent else 0) | (
        0 if wanted.prefault else layout.FLAG_LAZY
    )
    flags |= layout.FLAG_ANONYMOUS if wanted.name is None else 0
    header = layout.Header(
        geometry=geometry,
        core=default_kind(),
        flags=flags,
        policy=policy.POLICIES.index(kind),
        creator_pid=os.getpid(),
        created_ns=SYSTEM.wall_ns(),
        creator_start=0,
        uuid=uuid,
        dtype=dtype.str,
        shape=wanted.shape,
        spill_path=spill_path,
    )
    return header, ask


def _join(file: int, header: layout.Header, mode: str, prefault: bool) -> Core:
    who = f"{Path(sys.argv[0] or 'python').name}-{os.getpid()}"
    return module(header.core).Core(segment.reopen(file), mode == "rw", prefault, who)


def attach(name: str, mode: str, wait_s: float) -> Opened:
    """Join the segment of that name, waiting for it to appear."""
    until = time.monotonic() + wait_s
    while True:
        try:
            found = _attach_once(name, mode)
        except UnknownName:
            if time.monotonic() >= until:
                raise
            found = None
        if found is not None:
            return found
        # A name can only be watched by asking again; a few milliseconds are less than a process takes to
        # start.
        time.sleep(0.005)


def _attach_once(name: str, mode: str) -> Opened | None:
    """The joined segment; None when it lost its name while it was being joined."""
    file = segment.open_named(name)
    core = None
    spill = None
    try:
        header = segment.read_header(file, name)
        anonymous = bool(header.flags & layout.FLAG_ANONYMOUS)
        with segment.gate(file):
            if anonymous or os.fstat(file).st_nlink:
                core = _join(file, header, mode, not header.flags & layout.FLAG_LAZY)
        if core is not None and header.spill_path:
            spill = Spill.attach(Path(header.spill_path), mode)
    except BaseException:  # the descriptors must not leak, whatever went wrong
        if core is not None:
            core.close()
        os.close(file)
        raise
    if core is None:
        os.close(file)
        return None
    return Opened(name, mode, header, core, file, None if anonymous else segment.path_of(name), spill)


def leave(opened: Opened, core: Core, file: int, spill: Spill | None) -> None:
    """Leave the segment; the last one out removes its name and its spill file, unless it is persistent."""
    core.close()
    try:
        last = False
        with segment.gate(file):
            if not segment.users(file) and not opened.header.flags & layout.FLAG_PERSISTENT:
                last = True
                if opened.path is not None:
                    segment.unlink_if_same(opened.path, file)
        if spill is not None:
            spill.close(last=last)
    finally:
        os.close(file)


def unlink(opened: Opened) -> None:
    """Remove the name, if it still means this segment."""
    if opened.path is not None:
        segment.unlink_if_same(opened.path, opened.file)


def after_fork(opened: Opened, core: Core, file: int, spill: Spill | None) -> Callable[[], Core]:
    """In a forked child: drop the parent's claims; returns what joins anew, by the inherited file, when first
    needed.

    The inherited descriptors share the parent's file descriptions, and with them its locks, so both are
    replaced.
    """
    own = segment.reopen(file)
    os.dup2(own, file, inheritable=False)
    os.close(own)
    core.forked()
    if spill is not None:
        spill.after_fork()

    def join() -> Core:
        with segment.gate(file):
            return _join(file, opened.header, opened.mode, False)

    return join
