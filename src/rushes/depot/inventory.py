"""The depots of this user, seen from outside: listed without joining, and the abandoned ones removed."""

from __future__ import annotations

import os
from pathlib import Path

from rushes._native import layout
from rushes.depot import policy, segment
from rushes.depot.records import DepotInfo
from rushes.errors import DepotError, UnknownName

__all__ = ["list_depots", "sweep"]


def list_depots() -> list[DepotInfo]:
    """Every depot in this user's folder, by name; a file that is no usable depot is listed with its
    ``trouble``.

    Nothing is joined or changed. Anonymous depots have no name and are not listed.
    """
    found = []
    for name in segment.names():
        try:
            found.append(_look(name))
        except UnknownName:
            continue  # gone since it was listed
        except DepotError as error:
            found.append(DepotInfo(name=name, size_bytes=_size(name), trouble=str(error)))
    return found


def sweep(dry_run: bool = False) -> list[str]:
    """Remove the depots that no process uses any more because the last ones were killed; returns their names.

    ``dry_run=True`` only tells. Persistent depots are kept, and so is any file that is no depot. Safe beside
    running processes: nobody can attach while a depot is being judged.
    """
    swept = []
    for name in segment.names():
        try:
            fd = segment.open_named(name)
        except DepotError:
            continue
        except UnknownName:
            continue  # gone since it was listed
        try:
            if _remove_if_stale(name, fd, dry_run):
                swept.append(name)
        except DepotError:
            continue  # no depot of ours, or somebody is just attaching
        finally:
            os.close(fd)
    return swept


def _remove_if_stale(name: str, fd: int, dry_run: bool) -> bool:
    header = segment.read_header(fd, name)
    if header.flags & layout.FLAG_PERSISTENT:
        return False
    with segment.gate(fd):
        if segment.users(fd):
            return False
        if not dry_run:
            segment.unlink_if_same(segment.path_of(name), fd)
            if header.spill_path:
                Path(header.spill_path).unlink(missing_ok=True)
    return True


def _size(name: str) -> int:
    try:
        return segment.path_of(name).lstat().st_size
    except FileNotFoundError:
        return 0


def _look(name: str) -> DepotInfo:
    fd = segment.open_named(name)
    try:
        header = segment.read_header(fd, name)
        rows = set(segment.users(fd))
        g = header.geometry
        table = os.pread(fd, g.participants * layout.RECORD, g.participants_off)
        people = [layout.PARTICIPANT.unpack_from(table, row * layout.RECORD) for row in sorted(rows)]
        tags = os.pread(fd, g.slots * layout.RECORD, g.slots_off)
        states = [layout.SLOT.unpack_from(tags, k * layout.RECORD)[0] & 3 for k in range(g.slots)]
        head = int.from_bytes(os.pread(fd, 8, layout.HEAD), "little", signed=True)
    finally:
        os.close(fd)
    return DepotInfo(
        name=name,
        slots=g.slots,
        slot_bytes=g.slot_bytes,
        size_bytes=g.total,
        shape=header.shape,
        dtype=header.dtype,
        when_full="callable"
        if policy.POLICIES[header.policy] == policy.ASK
        else policy.POLICIES[header.policy],
        core="native" if header.core == layout.CORE_NATIVE else "pure",
        held=sum(state in (layout.READY, layout.PROBING) for state in states),
        head=head,
        created_ns=header.created_ns,
        creator_pid=header.creator_pid,
        persistent=bool(header.flags & layout.FLAG_PERSISTENT),
        pids=tuple(dict.fromkeys(person[3] for person in people)),
        writers=tuple(dict.fromkeys(person[3] for person in people if person[1] & layout.ROLE_WRITER)),
    )
