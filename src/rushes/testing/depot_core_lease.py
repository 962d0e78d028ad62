"""What a core must keep about leases, views, rows and closing, as far as one process shows it."""

# ruff: noqa: D102  a test's name is a sentence that says what is promised

from __future__ import annotations

import gc
import os
import time
from typing import Any

import numpy as np
import pytest

from rushes._native import core, layout
from rushes.errors import DepotError, RushesError
from rushes.testing.depot_core_bench import CoreBench, counted, leases_of, pixels, put


class LeaseContract(CoreBench):
    """Leases end with their last view; a leased slot is never touched; rows come back."""

    def test_a_leased_frame_is_passed_over_and_stays_whole(self) -> None:
        fd, who = self.writer(slots=3, frames=3)
        hold = self.join(fd, writable=False).oldest()
        assert hold is not None
        view = hold.array()
        assert [put(who, value)[3] for value in range(3, 9)] == [1, 2, 3, 4, 5, 6]
        assert who.sequences() == [0, 7, 8]
        np.testing.assert_array_equal(view, pixels(0))
        assert hold.meta() == b"meta 0"

    @pytest.mark.parametrize("take", [core.TAKE_OLDEST, core.TAKE_ACKED, core.TAKE_EXACT])
    def test_when_every_frame_is_leased_nothing_is_taken(self, take: int) -> None:
        _, who = self.writer(slots=2, frames=2)
        who.consumer_ack(who.consumer_open("all seen", True, -1), 1)
        holds = [who.exact(sequence) for sequence in range(2)]
        assert who.reserve(take, 0)[0] == core.LEASED
        assert who.sequences() == [0, 1]
        assert counted(who)["evicted"] == 0
        ticket = who.room_ticket()
        holds.clear()
        gc.collect()
        assert who.wait_room(ticket, 0.0)
        assert who.reserve(take, 0)[::2] == (core.OK, 0)

    def test_a_lease_ends_with_the_last_view_of_it(self) -> None:
        _, who = self.writer(frames=1)
        hold = who.newest()
        assert hold is not None
        whole: Any = hold.array()
        views = [whole[::2], whole[5:].view("<u1").reshape(59), memoryview(whole), whole[::2][3:]]
        assert leases_of(who) == [(0, who.row, 1)]
        del hold, whole
        while views:
            assert leases_of(who) == [(0, who.row, 1)]
            views.pop()
        assert leases_of(who) == []

    def test_leases_are_counted_by_participant_with_their_age(self) -> None:
        fd, who = self.writer(frames=2)
        other = self.join(fd, writable=False)
        before = time.monotonic_ns()
        kept = [who.exact(0), who.exact(0), other.exact(0), other.exact(1)]
        assert leases_of(who) == [(0, who.row, 2), (0, other.row, 1), (1, other.row, 1)]
        # A clock that ticks in milliseconds will do.
        assert all(before - 10**8 <= since <= time.monotonic_ns() for *_, since in who.leases())
        kept.pop(0)
        assert (0, who.row, 1) in leases_of(other)

    def test_a_leaving_lease_may_be_ended_by_a_collection_amid_an_operation(self) -> None:
        fd, who = self.writer(slots=4, frames=4)
        other = self.join(fd)
        old = gc.get_threshold()
        gc.set_threshold(5)  # so that the cycles below are collected inside the operations that follow
        try:
            for value in range(200):
                for each in (who, other):
                    cycle: list[object] = [each.newest()]
                    cycle.append(cycle)
                    del cycle
                    put(each, value)
                    each.counters()
        finally:
            gc.set_threshold(*old)
        assert leases_of(who) == []
        counted(who)

    def test_views_are_read_only(self) -> None:
        _, who = self.writer(frames=1)
        hold = who.newest()
        assert hold is not None
        view: Any = hold.array()
        assert not view.flags.writeable
        with pytest.raises(ValueError, match=r"WRITEABLE|read-only|writeable"):
            view.setflags(write=True)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1
        assert memoryview(view).readonly

    def test_a_frame_cleared_under_a_lease_keeps_its_slot(self) -> None:
        fd, who = self.writer(slots=2, frames=2)
        hold = self.join(fd, writable=False).newest()
        assert hold is not None
        assert who.clear() == 2
        assert [lease[0] for lease in who.leases()] == [-1]
        assert who.exact(1) is None
        for value in range(2, 6):
            assert put(who, value)[0] == core.OK
        assert who.sequences() == [5]
        assert (hold.sequence, hold.meta()) == (1, b"meta 1")
        np.testing.assert_array_equal(hold.array(), pixels(1))
        del hold
        gc.collect()
        put(who, 6)
        assert who.sequences() == [5, 6]
        counted(who)

    def test_participants_are_listed_and_limited(self) -> None:
        fd, who = self.writer(participants=3)
        readers = [self.join(fd, writable=False, name=f"reader {n}") for n in range(2)]
        rows = {each[0]: each[1:] for each in who.participants()}
        assert sorted(rows) == sorted([who.row, *(reader.row for reader in readers)])
        role, incarnation, pid, joined, name, alive = rows[readers[1].row]
        assert (role & layout.ROLE_RW, incarnation, pid) == (0, readers[1].incarnation, os.getpid())
        assert (name, alive) == ("reader 1", True)
        assert abs(joined - time.time_ns()) < 3600 * 10**9
        assert rows[who.row][0] & layout.ROLE_RW
        with pytest.raises(DepotError, match="participant"):
            self.join(fd)
        readers[0].close()
        readers[0].close()
        again = self.join(fd)
        assert again.row not in (who.row, readers[1].row)
        assert again.incarnation > max(rest[1] for rest in rows.values())

    def test_writing_marks_a_writer(self) -> None:
        fd, who = self.writer()
        assert not any(role & layout.ROLE_WRITER for _, role, *_ in who.participants())
        put(who, 0)
        assert [role & layout.ROLE_WRITER for _, role, *_ in who.participants()] == [layout.ROLE_WRITER]
        other = self.join(fd)
        who.close()
        assert not other.writer_gone()

    def test_a_probe_sees_the_living_without_joining(self) -> None:
        fd, who = self.writer()
        other = self.join(fd)
        assert sorted(self.module.probe(fd)) == sorted([who.row, other.row])
        assert os.path.samestat(os.fstat(other.fileno), os.fstat(fd))
        row = other.row
        other.close()
        assert self.module.probe(fd) == [who.row]
        assert row != who.row

    def test_views_survive_a_close(self) -> None:
        fd, who = self.writer(slots=2, frames=2)
        reader = self.join(fd, writable=False)
        hold = reader.newest()
        assert hold is not None
        view, row = hold.array(), reader.row
        reader.close()
        assert hold.live
        del hold
        for value in range(2, 6):
            put(who, value)
        np.testing.assert_array_equal(view, pixels(1))
        assert leases_of(who) == [(1, row, 1)]
        assert row in [each[0] for each in who.participants()]
        assert who.reclaim() == 0
        del view
        assert leases_of(who) == []
        assert [each[0] for each in who.participants()] == [who.row]
        assert self.module.probe(fd) == [who.row]

    def test_close_gives_up_consumers_at_once_and_reserved_slots_with_the_last_array(self) -> None:
        fd, who = self.writer(slots=1)
        leaver = self.join(fd)
        _, slot, _ = leaver.reserve(core.TAKE_FREE, -1)
        target = leaver.target(slot, (1,), "|u1")
        leaver.consumer_open("leaver", True, -1)
        leaver.close()
        assert who.consumers() == []
        assert who.reserve(core.TAKE_FREE, -1)[0] == core.FULL
        assert self.module.probe(fd) == [who.row]
        target[0] = 1
        del target
        assert who.reserve(core.TAKE_FREE, -1)[0] == core.OK
        assert [each[0] for each in who.participants()] == [who.row]
        assert counted(who)["reclaimed_slots"] == 0

    def test_a_closed_core_says_so(self) -> None:
        _, who = self.writer(frames=1)
        who.close()
        for use in (who.newest, who.counters, who.reclaim, who.room_ticket, lambda: put(who, 0)):
            with pytest.raises(RushesError):
                use()

    @pytest.mark.parametrize(
        ("at", "value"),
        [
            (80, (9).to_bytes(4, "little")),  # ndim
            (32, (1 << 40).to_bytes(8, "little")),  # nbytes
            (88, (1 << 40).to_bytes(8, "little")),  # the first side
            (56, b"|O8\0\0\0\0\0"),  # dtype
            (56, b"\xff" * 8),
            (84, (1 << 20).to_bytes(4, "little")),  # length of the metadata
        ],
    )
    def test_a_damaged_slot_is_an_error_and_no_crash(self, at: int, value: bytes) -> None:
        fd, who = self.writer(slots=1, frames=1)
        where = layout.geometry(1, 8, 64)
        os.pwrite(fd, value, where.slots_off + at)
        with pytest.raises(DepotError):
            _look(who)
        assert leases_of(who) == []


def _look(who: core.Core) -> None:
    hold = who.newest()
    if hold is not None:
        hold.meta()
        hold.array().sum()
