"""What a core must keep about frames, room, consumers and counters, as far as one process shows it."""

# ruff: noqa: D102  a test's name is a sentence that says what is promised

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rushes._native import core, layout
from rushes.errors import DepotError, RushesError
from rushes.testing.depot_core_bench import CoreBench, counted, pixels, put

if TYPE_CHECKING:
    from numpy.typing import NDArray

U64 = (1 << 64) - 1


class RingContract(CoreBench):
    """Writing, finding, room, consumers, counters."""

    def test_a_fresh_segment_is_empty(self) -> None:
        _, who = self.writer()
        assert who.kind == {layout.CORE_NATIVE: "native", layout.CORE_PURE: "pure"}[self.core_kind]
        assert (who.head(), who.held(), who.sequences()) == (-1, 0, [])
        assert who.newest() is who.oldest() is who.next(-1) is who.get(0) is who.exact(0) is None
        assert not any(who.counters())

    def test_a_frame_comes_back_as_it_was_put(self) -> None:
        fd, who = self.writer(slot_bytes=4096)
        frame = np.arange(60, dtype="<u2").reshape(3, 4, 5)
        assert who.put(frame, core.TAKE_OLDEST, 7, -5, "bgr24", b"some meta") == (core.OK, 0, 7, -1)
        hold = self.join(fd, writable=False).newest()
        assert hold is not None
        assert (hold.sequence, hold.number, hold.captured_ns, hold.nbytes) == (0, 7, -5, 120)
        assert (hold.dtype, hold.shape, hold.format, hold.meta()) == ("<u2", (3, 4, 5), "bgr24", b"some meta")
        assert hold.published_ns > 1_000_000_000_000_000_000
        np.testing.assert_array_equal(hold.array(), frame)

    @pytest.mark.parametrize("dtype", ["|u1", "|b1", "<i8", "<f4", "<c16"])
    @pytest.mark.parametrize("shape", [(), (0, 5), (2, 1, 1, 1)])
    def test_every_plain_kind_and_shape_fits(self, dtype: str, shape: tuple[int, ...]) -> None:
        _, who = self.writer()
        frame = np.ones(shape, dtype)
        assert who.put(frame, core.TAKE_OLDEST, -1, 0, "", b"")[0] == core.OK
        hold = who.newest()
        assert hold is not None
        assert (hold.array().dtype.str, hold.array().shape) == (dtype, shape)
        np.testing.assert_array_equal(hold.array(), frame)

    @pytest.mark.parametrize(
        ("frame", "name", "meta"),
        [
            (pixels(0, 65), "", b""),
            (np.zeros((1,) * 5, np.uint8), "", b""),
            (np.zeros(3, object), "", b""),
            (pixels(0), "x" * 17, b""),
            (pixels(0), "", b"x" * (layout.META_BYTES + 1)),
        ],
        ids=["bytes", "dimensions", "objects", "format", "metadata"],
    )
    def test_what_does_not_fit_is_refused_and_costs_nothing(
        self, frame: NDArray[np.generic], name: str, meta: bytes
    ) -> None:
        _, who = self.writer(slots=1, frames=1)
        with pytest.raises((RushesError, ValueError, TypeError)):
            who.put(frame, core.TAKE_OLDEST, -1, 0, name, meta)
        hold = who.newest()
        assert hold is not None
        assert (hold.sequence, who.head(), counted(who)["stored"]) == (0, 0, 1)
        assert who.reserve(core.TAKE_FREE, -1)[0] == core.FULL

    def test_sequences_have_no_gap_whatever_happens_between(self) -> None:
        _, who = self.writer(slots=3)
        for value in range(20):
            assert put(who, value)[:2] == (core.OK, value)
            if value % 3 == 0:
                who.abandon(who.reserve(core.TAKE_OLDEST, -1)[1])
            if value % 5 == 0:
                who.clear()
            who.drop(0, -1)
        assert who.head() == 19
        counted(who)

    def test_numbers_are_the_users_or_counted_from_zero(self) -> None:
        _, who = self.writer()
        given = [put(who, 0, number=number)[2] for number in (-1, 5, -1, U64)]
        assert given == [0, 5, 1, U64]
        assert who.drop(1, -1) == 2
        assert who.drop(1, 9) == 9
        hold = who.get(U64)
        assert hold is not None
        assert hold.number == U64
        assert who.get(1 << 63) is None

    def test_get_finds_the_newest_holder_of_a_number(self) -> None:
        _, who = self.writer(slots=4)
        for value, number in enumerate((3, 8, 3, 4)):
            put(who, value, number=number)
        hold = who.get(3)
        assert hold is not None
        assert (hold.sequence, int(hold.array()[0])) == (2, 2)
        assert who.get(5) is None

    def test_next_never_skips_and_finds_its_place_after_a_gap(self) -> None:
        _, who = self.writer(slots=4, frames=10)
        seen, after = [], -1
        while (hold := who.next(after)) is not None:
            after = hold.sequence
            seen.append((after, int(hold.array()[0])))
        assert seen == [(6, 6), (7, 7), (8, 8), (9, 9)]
        assert who.next(9) is None
        assert who.exact(5) is None

    def test_a_reserved_slot_is_seen_by_nobody_until_published(self) -> None:
        fd, who = self.writer(slots=2, frames=1)
        other = self.join(fd)
        status, slot, evicted = who.reserve(core.TAKE_OLDEST, -1)
        assert (status, evicted) == (core.OK, -1)
        who.target(slot, (2, 3), "|u1")[...] = 9
        assert other.head() == 0
        assert who.publish(slot, -1, 5, "|u1", (2, 3), "gray8", b"", -1) == (1, 1)
        hold = other.newest()
        assert hold is not None
        assert hold.array().tolist() == [[9, 9, 9], [9, 9, 9]]
        with pytest.raises((RushesError, ValueError)):  # it is no longer ours
            who.publish(slot, -1, 5, "|u1", (2, 3), "gray8", b"", -1)
        assert counted(who)["offered"] == 2

    def test_an_abandoned_slot_is_free_and_was_offered_to_nobody(self) -> None:
        _, who = self.writer(slots=1)
        _, slot, _ = who.reserve(core.TAKE_FREE, -1)
        assert who.reserve(core.TAKE_OLDEST, -1)[0] == core.FULL
        ticket = who.room_ticket()
        who.abandon(slot)
        assert who.wait_room(ticket, 0.0)
        assert counted(who)["offered"] == 0
        assert who.reserve(core.TAKE_FREE, -1)[0] == core.OK

    def test_free_slots_are_used_last_in_first_out(self) -> None:
        _, who = self.writer(slots=8)
        order = []
        for value in range(3):
            _, slot, _ = who.reserve(core.TAKE_FREE, -1)
            order.append(slot)
            who.publish(slot, -1, 0, "|u1", (1,), "", b"", -1)
            assert who.head() == value
        who.clear()
        assert [who.reserve(core.TAKE_FREE, -1)[1] for _ in order] == order[::-1]

    def test_take_free_and_take_oldest(self) -> None:
        _, who = self.writer(slots=3, frames=3)
        assert put(who, 3, core.TAKE_FREE)[0] == core.FULL
        assert counted(who)["offered"] == 3
        assert put(who, 3) == (core.OK, 3, 3, 0)
        assert who.sequences() == [1, 2, 3]
        assert counted(who)["evicted"] == 1

    def test_take_acked_waits_for_the_slowest_lossless_consumer(self) -> None:
        fd, who = self.writer(slots=3, frames=3)
        reader = self.join(fd, writable=False)
        reader.consumer_open("only looks", False, -1)
        assert put(who, 3, core.TAKE_ACKED)[0] == core.NO_CONSUMER
        slow, quick = (reader.consumer_open(name, True, -1) for name in ("slow", "quick"))
        assert put(who, 3, core.TAKE_ACKED)[0] == core.FULL
        ticket = who.room_ticket()
        reader.consumer_ack(quick, 2)
        reader.consumer_ack(slow, 0)
        assert who.wait_room(ticket, 0.0)
        assert put(who, 3, core.TAKE_ACKED) == (core.OK, 3, 3, 0)
        assert put(who, 4, core.TAKE_ACKED)[0] == core.FULL
        reader.consumer_ack(slow, 1)
        reader.consumer_ack(slow, 0)  # never goes back
        assert put(who, 4, core.TAKE_ACKED) == (core.OK, 4, 4, 1)
        reader.consumer_close(slow)
        assert put(who, 5, core.TAKE_ACKED) == (core.OK, 5, 5, 2)
        reader.close()
        assert put(who, 6, core.TAKE_ACKED)[0] == core.NO_CONSUMER

    def test_take_exact_takes_that_frame_and_counts_it_as_spilled(self) -> None:
        _, who = self.writer(slots=4, frames=3, flags=layout.FLAG_SPILL)
        assert who.reserve(core.TAKE_EXACT, 9)[0] == core.FULL, "a free slot is not that frame"
        status, slot, evicted = who.reserve(core.TAKE_EXACT, 1)
        assert (status, evicted) == (core.OK, 1)
        who.abandon(slot)
        assert who.sequences() == [0, 2]
        assert counted(who)["spilled"] == 1

    def test_a_spilled_frame_can_come_back_once(self) -> None:
        _, who = self.writer(slots=4, frames=4, flags=layout.FLAG_SPILL)
        slots = [who.reserve(core.TAKE_EXACT, sequence)[1] for sequence in (0, 2)]
        for slot in slots:
            assert who.publish(slot, 50, 5, "|u1", (1,), "", b"", 0) == (0, 50)
            assert (who.sequences(), who.head()) == ([0, 1, 3], 3)
            counted(who)
        assert who.reserve(core.TAKE_FREE, -1)[0] == core.OK  # the second one's slot was given back

    def test_dropped_frames_are_counted_by_reason(self) -> None:
        _, who = self.writer(frames=1)
        for reason in range(len(layout.DROP_REASONS)):
            for _ in range(reason + 1):
                who.drop(reason, -1)
        values = counted(who)
        names = ("dropped_full", "dropped_leased", "dropped_no_consumer", "dropped_timeout")
        assert [values[name] for name in names] == [1, 2, 3, 4]
        assert values["offered"] == 11

    def test_consumers_account_for_every_frame(self) -> None:
        fd, who = self.writer(slots=2, frames=3)
        reader = self.join(fd, writable=False)
        row = reader.consumer_open("viewer", True, who.head())
        missed = 0
        for value in range(3, 12):
            put(who, value)
            if value % 4 == 0:
                missed += reader.consumer_seen(row, value)
        assert reader.consumer_seen(row, 4) == 0  # seen before: counted once
        reader.consumer_ack(row, 8)
        expected = ("viewer", True, reader.row, 2, 8, 8, 2)
        assert who.consumers() == [expected]
        _, _, _, start, delivered, _, seen = who.consumers()[0]
        assert seen + missed + (who.head() - delivered) == who.head() - start
        reader.consumer_close(row)
        assert who.consumers() == []

    def test_closing_a_consumer_that_is_closed_or_anothers_does_nothing(self) -> None:
        fd, who = self.writer(frames=1, participants=2)
        other = self.join(fd, writable=False)
        row = who.consumer_open("mine", True, -1)
        other.consumer_close(row)
        other.consumer_close(2)  # there is no such row
        assert [name for name, *_ in who.consumers()] == ["mine"]
        who.consumer_close(row)
        who.consumer_close(row)
        assert who.consumers() == []
        assert other.consumer_open("took the row", True, -1) == row
        who.consumer_close(row)
        assert [name for name, *_ in who.consumers()] == ["took the row"]
        for change in (who.consumer_seen, who.consumer_ack):
            with pytest.raises(RushesError):
                change(row, 0)

    def test_the_consumer_table_is_bounded(self) -> None:
        _, who = self.writer(participants=2)
        rows = [who.consumer_open("c", False, -1) for _ in range(2)]
        with pytest.raises(DepotError):
            who.consumer_open("one too many", False, -1)
        who.consumer_close(rows[0])
        assert who.consumer_open("now there is room", False, -1) == rows[0]

    def test_clear_forgets_all_and_keeps_the_count(self) -> None:
        _, who = self.writer(slots=4, frames=6)
        assert who.clear() == 4
        assert (who.held(), who.newest(), who.head()) == (0, None, 5)
        assert put(who, 6)[1] == 6
        assert counted(who)["cleared"] == 4
        assert who.clear() == 1
        assert who.clear() == 0

    def test_waiting_ends_at_a_publication_or_with_its_slice(self) -> None:
        fd, who = self.writer()
        reader = self.join(fd, writable=False)
        assert not reader.wait(-1, 0.01)
        thread = threading.Thread(target=put, args=(who, 0))
        thread.start()
        while not reader.wait(-1, 0.1):
            pass
        thread.join()
        assert reader.wait(-1, 0.0)
        assert not reader.wait(0, 0.0)
        assert not reader.wait_room(reader.room_ticket(), 0.01)

    def test_threads_may_share_one_core(self) -> None:
        _, who = self.writer(slots=4)
        given: list[int] = []
        wrong: list[object] = []

        def work(value: int) -> None:
            for _ in range(100):
                status, sequence, _, _ = put(who, value)
                given.append(sequence if status == core.OK else -1)
                hold = who.newest()
                if hold is not None and len(set(hold.array().tolist())) != 1:
                    wrong.append(hold.array())

        threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # A put that meets all slots leased or being written by the others says so and stores nothing.
        stored = sorted(sequence for sequence in given if sequence >= 0)
        assert stored == list(range(len(stored)))
        assert not wrong
        assert counted(who)["stored"] == len(stored)
