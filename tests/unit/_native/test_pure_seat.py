"""What the twin promises beyond the contract of all cores."""

from __future__ import annotations

import gc
import os
import threading
from typing import TYPE_CHECKING

import pytest

from rushes._native import core, layout, pure, pure_tables
from rushes.errors import ClosedError, DepotError
from rushes.testing.depot_core_bench import counted, join, leases_of, make_segment, put

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def segment() -> Iterator[int]:
    fd = make_segment(pure, layout.CORE_PURE, 3, 4, 64)
    yield fd
    os.close(fd)


def test_a_fork_that_nobody_told_of_releases_nothing_either(segment: int) -> None:
    who = join(pure, segment)
    put(who, 1)
    hold = who.newest()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            assert hold is not None
            assert not hold.live
            del hold
            gc.collect()
            who.close()
            try:
                who.head()
            except ClosedError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert leases_of(who) == [(0, who.row, 1)]
    assert who.head() == 0
    del hold
    who.close()


def test_an_operation_that_breaks_off_is_repaired(segment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    who = join(pure, segment)
    for value in range(3):
        put(who, value)

    def interrupt(point: int) -> None:
        if point == 1 + core.FAULTS.index("owned"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("rushes._native.pure_os.passing", interrupt)
        with pytest.raises(KeyboardInterrupt):
            put(who, 3)
    assert who.sequences() == [0, 1, 2]
    assert put(who, 3) == (core.OK, 3, 3, 0)
    assert counted(who)["dead_lock_owners"] == 0
    who.close()


def test_a_copy_that_fails_gives_its_slot_back(segment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    who = join(pure, segment)

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("numpy.copyto", fail)
        for _ in range(5):
            with pytest.raises(MemoryError):
                put(who, 0)
    assert (who.head(), counted(who)["offered"]) == (-1, 0)
    assert [who.reserve(core.TAKE_FREE, -1)[0] for _ in range(4)] == [core.OK] * 3 + [core.FULL]
    who.close()


def test_closing_from_many_threads_closes_once(segment: int) -> None:
    other = join(pure, segment)
    for _ in range(20):
        who = join(pure, segment)
        threads = [threading.Thread(target=who.close) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [row for row, *_ in other.participants()] == [other.row]
    other.close()


def test_wait_words_move_for_tools_that_watch_them(segment: int) -> None:
    who = join(pure, segment)

    def words() -> tuple[bytes, bytes]:
        return os.pread(segment, 4, layout.WAKE), os.pread(segment, 4, layout.ROOM)

    before = words()
    put(who, 0)
    published = words()
    assert published[0] != before[0]
    who.clear()
    assert words()[1] != published[1]
    who.close()


def test_a_reservation_of_nobody_is_found_by_a_repair(segment: int) -> None:
    """As a damaged or older core may leave it: the row was given on before its slots were freed."""
    who = join(pure, segment)
    for row, incarnation in ((who.row, who.incarnation + 1), (3, 1), (77, 1)):
        slot = who.reserve(core.TAKE_FREE, -1)[1]
        where = layout.geometry(3, 4, 64).slots_off + slot * layout.RECORD
        os.pwrite(segment, row.to_bytes(8, "little") + incarnation.to_bytes(8, "little"), where + 40)
    assert who.reserve(core.TAKE_FREE, -1)[0] == core.FULL
    os.pwrite(segment, b"\x01", pure_tables.DIRTY)
    assert who.reserve(core.TAKE_FREE, -1)[0] == core.OK
    values = counted(who)
    assert (values["reclaimed_slots"], values["dead_lock_owners"]) == (3, 1)
    assert who.reserve(core.TAKE_FREE, -1)[0] == core.OK
    who.close()


def test_a_reader_cannot_write(segment: int) -> None:
    reader = join(pure, segment, writable=False)
    with pytest.raises(DepotError, match="'rw'"):
        reader.reserve(core.TAKE_FREE, -1)
    reader.close()


def test_a_reserved_array_keeps_the_row_but_is_no_user(segment: int) -> None:
    who, other = join(pure, segment), join(pure, segment)
    target = who.target(who.reserve(core.TAKE_FREE, -1)[1], (8,), "|u1")
    who.close()
    assert pure.probe(segment) == [other.row]
    target[...] = 1  # harmless: the slot stays reserved for as long as somebody may write to it
    del target
    assert [row for row, *_ in other.participants()] == [other.row]
    other.close()
