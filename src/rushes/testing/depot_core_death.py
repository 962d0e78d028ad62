"""What a core must keep when processes share a segment, fork, and are killed at the worst moment."""

# ruff: noqa: D102  a test's name is a sentence that says what is promised

from __future__ import annotations

import os
import signal

import pytest

from rushes._native import core, layout
from rushes.errors import DepotError
from rushes.testing.depot_core_bench import CoreBench, counted, leases_of, pixels, put

_POINT = {name: number for number, name in enumerate(core.FAULTS, 1)}
# Those inside the lock: the next one to take it finds its owner dead. A reader holds no lock at "leased".
_LOCKED = [name for name in core.FAULTS if name != "leased"]


class DeathContract(CoreBench):
    """The dead leave nothing behind."""

    def test_processes_share_frames_both_ways(self) -> None:
        fd, who = self.writer(slots=4)
        child = self.start(fd)
        put(who, 5)
        assert child.ask("newest") == "0 5"
        assert child.ask("put 6") == "(0, 1, 1, -1)"
        hold = who.newest()
        assert hold is not None
        assert hold.array().tolist() == pixels(6).tolist()
        assert sorted(leases_of(who)) == sorted([(0, 1 - who.row, 1), (1, who.row, 1)])
        assert child.ask("forget") == "forgot"
        assert [row for _, row, _ in leases_of(who)] == [who.row]
        child.end()
        assert [each[0] for each in who.participants() if each[6]] == [who.row]

    def test_a_killed_reader_leaves_no_lease(self) -> None:
        fd, who = self.writer(slots=4, frames=4)
        child = self.start(fd)
        assert child.ask("all") == "4"
        assert who.reserve(core.TAKE_OLDEST, -1)[0] == core.LEASED
        child.kill()
        assert put(who, 4) == (core.OK, 4, 4, 0)  # the put itself takes back what the dead left
        assert leases_of(who) == []
        assert who.reclaim() == 0
        assert counted(who)["reclaimed_leases"] == 4
        self.check_whole(fd, who)

    def test_a_killed_writer_leaves_no_slot_and_is_missed(self) -> None:
        fd, who = self.writer(slots=2)
        child = self.start(fd)
        assert child.ask("put 1") == "(0, 0, 0, -1)"
        assert child.ask(f"reserve {core.TAKE_FREE}") == str(core.OK)
        assert not who.writer_gone()
        child.kill()
        assert who.writer_gone()
        who.reclaim()
        assert counted(who)["reclaimed_slots"] == 1
        put(who, 2)
        assert not who.writer_gone()
        self.check_whole(fd, who)

    def test_who_was_killed_before_the_first_frame_is_missed_until_another_may_write(self) -> None:
        fd = self.make_segment()
        who = self.join(fd, writable=False)
        assert not who.writer_gone(), "nobody was killed: whoever will write may still come"
        one, two = self.start(fd), self.start(fd)
        one.kill()
        assert not who.writer_gone(), "another may write"
        two.kill()
        assert who.writer_gone()
        assert who.writer_gone()
        newcomer = self.join(fd)
        assert not who.writer_gone()
        newcomer.close()
        assert not who.writer_gone(), "it left in order"

    def test_a_writer_that_left_with_a_view_out_is_not_missed(self) -> None:
        fd = self.make_segment()
        who = self.join(fd, writable=False)
        child = self.start(fd)
        assert child.ask("put 1") == "(0, 0, 0, -1)"
        assert child.ask("newest") == "0 1"
        assert child.ask("leave") == "left"
        child.kill()
        assert not who.writer_gone()
        assert who.participants()[0][0] == who.row

    def test_who_left_in_order_after_anothers_death_is_not_missed(self) -> None:
        fd = self.make_segment()
        who = self.join(fd, writable=False)
        last = self.join(fd)
        put(last, 0)
        child = self.start(fd)
        assert child.ask("put 1") == "(0, 1, 1, -1)"
        child.kill()
        last.close()
        assert not who.writer_gone()

    def test_a_killed_consumer_stops_no_writer(self) -> None:
        fd, who = self.writer(slots=1, frames=1)
        child = self.start(fd)
        child.ask("consume -1")
        assert put(who, 1, core.TAKE_ACKED)[0] == core.FULL
        child.kill()
        assert put(who, 1, core.TAKE_ACKED)[0] == core.NO_CONSUMER
        assert who.consumers() == []

    def test_consumers_of_the_dead_make_room(self) -> None:
        fd, who = self.writer(participants=2)
        child = self.start(fd)
        rows = [int(child.ask("consume -1")) for _ in range(2)]
        with pytest.raises(DepotError):
            who.consumer_open("one too many", False, -1)
        child.kill()
        assert who.consumer_open("in place of the dead", False, -1) in rows

    def test_rows_of_the_dead_come_back(self) -> None:
        fd, who = self.writer(participants=2)
        child = self.start(fd)
        rows = self.module.probe(fd)
        assert len(rows) == 2
        with pytest.raises(DepotError):
            self.join(fd)
        child.kill()
        assert self.module.probe(fd) == [who.row]
        assert [alive for *_, alive in who.participants()] == [True, False]
        newcomer = self.join(fd)
        assert newcomer.row in rows
        assert newcomer.incarnation == 3

    @pytest.mark.parametrize("name", core.FAULTS)
    def test_a_death_inside_an_operation_is_repaired(self, name: str) -> None:
        fd, who = self.writer(slots=3, frames=3)
        who.drop(0, -1)
        child = self.start(fd)
        if name == "reclaiming":
            victim = self.start(fd, "victim")
            victim.ask("newest")
            victim.ask(f"reserve {core.TAKE_OLDEST}")
            victim.kill()
        assert child.ask(f"fault {_POINT[name]}") == "armed"
        order = {"joining": "join", "reclaiming": "reclaim", "leased": "newest"}.get(name, "put 77")
        assert child.ask(order) == ""
        assert child.end() == -signal.SIGKILL
        who.reclaim()
        published = name in ("tagged", "headed")
        assert who.head() == 2 + published
        assert counted(who)["dead_lock_owners"] == (name in _LOCKED)
        if published:
            hold = who.newest()
            assert hold is not None
            assert hold.array().tolist() == pixels(77).tolist()
            del hold
        assert put(who, 9)[1] == who.head() == 3 + published
        assert counted(who)["stored"] == who.head() + 1
        self.check_whole(fd, who)

    def test_a_view_cannot_be_written_through_its_address(self) -> None:
        fd, who = self.writer(frames=1)
        child = self.start(fd)
        assert child.ask("poke 99") == ""
        assert child.end() == -signal.SIGSEGV
        hold = who.newest()
        assert hold is not None
        assert hold.array()[0] == 0

    def test_a_forked_child_changes_nothing(self) -> None:
        _, who = self.writer(frames=2)
        hold = who.newest()
        assert hold is not None
        pid = os.fork()
        if not pid:
            code = 1
            try:
                who.forked()
                code = 2 * bool(hold.live)
                del hold
                who.close()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert hold.live
        assert leases_of(who) == [(1, who.row, 1)]
        assert [alive for *_, alive in who.participants()] == [True]
        del hold
        assert leases_of(who) == []
        assert put(who, 2)[0] == core.OK

    def test_a_forked_child_does_not_make_a_dead_parent_look_alive(self) -> None:
        fd, who = self.writer(slots=2, frames=2)
        child = self.start(fd)
        assert child.ask("all") == "2"
        grandchild = int(child.ask("fork"))
        try:
            child.kill()
            assert who.reclaim() == 1
            assert leases_of(who) == []
        finally:
            os.kill(grandchild, signal.SIGKILL)
        self.check_whole(fd, who)

    def check_whole(self, fd: int, who: core.Core) -> None:
        """Nothing leaked: only ``who`` is there, every slot can be written, the ledger adds up."""
        assert who.reclaim() == 0
        assert [each[0] for each in who.participants()] == [who.row]
        assert leases_of(who) == []
        slots = layout.unpack(os.pread(fd, layout.HEADER_BYTES, 0), os.fstat(fd).st_size).geometry.slots
        taken = [who.reserve(core.TAKE_OLDEST, -1) for _ in range(slots)]
        assert [status for status, *_ in taken] == [core.OK] * slots
        assert sorted(slot for _, slot, _ in taken) == list(range(slots))
        for _, slot, _ in taken:
            who.abandon(slot)
        counted(who)
