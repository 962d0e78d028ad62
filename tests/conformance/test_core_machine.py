"""Any order of operations: a core against a model of the ring so simple that it can be believed."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rushes._native import core, layout
from rushes.testing.depot_core_bench import counted, join, make_segment, pixels, put

if TYPE_CHECKING:
    from rushes._native.core import Core, Hold

SLOTS = 3
SEQUENCES = st.integers(-1, 12)


@dataclass
class Model:
    """The ring as a dictionary: what is held, by sequence, and what has happened."""

    frames: dict[int, int] = field(default_factory=dict)  # sequence -> number
    head: int = -1
    next_number: int = 0
    reserved: int = 0
    cleared_leased: set[int] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(layout.COUNTER_NAMES, 0))
    acked: dict[int, int] = field(default_factory=dict)  # lossless consumer -> acknowledged

    def take(self, how: int, exact: int, leased: set[int]) -> tuple[int, int]:
        """(status, evicted) of a reservation, done when it is OK."""
        self.cleared_leased &= leased
        if len(self.frames) + self.reserved + len(self.cleared_leased) < SLOTS:
            self.reserved += 1
            return core.OK, -1
        if how == core.TAKE_ACKED and not self.acked:
            return core.NO_CONSUMER, -1
        limit = min(self.acked.values(), default=-1)
        may_go = {
            core.TAKE_OLDEST: sorted(self.frames),
            core.TAKE_ACKED: sorted(each for each in self.frames if each <= limit),
            core.TAKE_FREE: [],
            core.TAKE_EXACT: [each for each in self.frames if each == exact],
        }[how]
        for sequence in may_go:
            if sequence not in leased:
                del self.frames[sequence]
                self.reserved += 1
                self.counts["spilled" if how == core.TAKE_EXACT else "evicted"] += 1
                return core.OK, sequence
        return (core.LEASED if may_go else core.FULL), -1

    def publish(self, number: int) -> tuple[int, int]:
        """(sequence, number) of the newest frame."""
        self.reserved -= 1
        self.head += 1
        number = self.number(number)
        self.frames[self.head] = number
        self.counts["stored"] += 1
        self.counts["offered"] += 1
        return self.head, number

    def number(self, given: int) -> int:
        """The number given, or the next of its own."""
        if given >= 0:
            return given
        self.next_number += 1
        return self.next_number - 1


@dataclass
class Reader:
    """What the model knows of one consumer."""

    core: Core
    lossless: bool
    start: int
    delivered: int
    seen: int = 0
    missed: int = 0


class CoreMachine(RuleBasedStateMachine):
    core_module: ClassVar[str]
    core_kind: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        module: Any = importlib.import_module(self.core_module)
        self.fd = make_segment(module, self.core_kind, SLOTS, 4, 64)
        self.cores = [join(module, self.fd) for _ in range(2)]
        self.model = Model()
        self.slots: list[tuple[Core, int]] = []
        self.holds: list[Hold | tuple[int, Any]] = []
        self.readers: dict[int, Reader] = {}

    @initialize()
    def begin(self) -> None:
        assert self.cores[0].row != self.cores[1].row

    def leased(self) -> set[int]:
        return {sequence_of(hold) for hold in self.holds}

    @rule(who=st.integers(0, 1), take=st.sampled_from([0, 0, 0, 1, 2]), number=st.integers(-1, 3))
    def put(self, who: int, take: int, number: int) -> None:
        status, evicted = self.model.take(take, -1, self.leased())
        got = put(self.cores[who], self.model.head + 1, take, number)
        if status == core.OK:
            assert got == (core.OK, *self.model.publish(number), evicted)
        else:
            assert got[0] == status

    @rule(who=st.integers(0, 1), take=st.sampled_from([0, 1, 2, 3]), exact=SEQUENCES)
    def reserve(self, who: int, take: int, exact: int) -> None:
        if take == core.TAKE_EXACT and self.has_free():
            return  # the free slot or the frame: both are sound, and cores differ
        status, evicted = self.model.take(take, exact, self.leased())
        got = self.cores[who].reserve(take, exact)
        assert (got[0], got[2]) == (status, evicted)
        if status == core.OK:
            assert got[1] not in [slot for _, slot in self.slots]
            self.slots.append((self.cores[who], got[1]))

    def has_free(self) -> bool:
        self.model.cleared_leased &= self.leased()
        m = self.model
        return len(m.frames) + m.reserved + len(m.cleared_leased) < SLOTS

    @precondition(lambda self: self.slots)
    @rule(number=st.integers(-1, 3), pick=st.integers(0, 9))
    def publish(self, number: int, pick: int) -> None:
        who, slot = self.slots.pop(pick % len(self.slots))
        value = self.model.head + 1
        who.target(slot, (64,), "|u1")[...] = pixels(value)
        got = who.publish(slot, number, 0, "|u1", (64,), "gray8", b"", -1)
        assert got == self.model.publish(number)

    @precondition(lambda self: self.slots)
    @rule(pick=st.integers(0, 9))
    def abandon(self, pick: int) -> None:
        who, slot = self.slots.pop(pick % len(self.slots))
        who.abandon(slot)
        self.model.reserved -= 1

    @rule(who=st.integers(0, 1), reason=st.integers(0, 3), number=st.integers(-1, 3))
    def drop(self, who: int, reason: int, number: int) -> None:
        assert self.cores[who].drop(reason, number) == self.model.number(number)
        names = ("dropped_full", "dropped_leased", "dropped_no_consumer", "dropped_timeout")
        self.model.counts[names[reason]] += 1
        self.model.counts["offered"] += 1

    @rule(who=st.integers(0, 1), how=st.sampled_from(["newest", "oldest"]))
    def lease_an_end(self, who: int, how: str) -> None:
        ends = sorted(self.model.frames)
        expected = (ends[-1] if how == "newest" else ends[0]) if ends else None
        self.keep(getattr(self.cores[who], how)(), expected)

    @rule(who=st.integers(0, 1), sequence=SEQUENCES)
    def lease_by_sequence(self, who: int, sequence: int) -> None:
        later = [each for each in sorted(self.model.frames) if each > sequence]
        self.keep(self.cores[who].next(sequence), later[0] if later else None)
        self.keep(self.cores[who].exact(sequence), sequence if sequence in self.model.frames else None)

    @rule(who=st.integers(0, 1), number=st.integers(0, 4))
    def lease_by_number(self, who: int, number: int) -> None:
        found = [sequence for sequence, its in self.model.frames.items() if its == number]
        self.keep(self.cores[who].get(number), max(found) if found else None)

    def keep(self, hold: Hold | None, expected: int | None) -> None:
        assert (None if hold is None else hold.sequence) == expected
        if hold is not None:
            assert hold.number == self.model.frames[hold.sequence]
            # Half of the leases live on in a view alone.
            self.holds.append(hold if hold.sequence % 2 else (hold.sequence, hold.array()[3:]))

    @precondition(lambda self: self.holds)
    @rule(pick=st.integers(0, 99))
    def release(self, pick: int) -> None:
        self.holds.pop(pick % len(self.holds))

    @rule(who=st.integers(0, 1))
    def clear(self, who: int) -> None:
        assert self.cores[who].clear() == len(self.model.frames)
        self.model.cleared_leased |= self.leased() & self.model.frames.keys()
        self.model.counts["cleared"] += len(self.model.frames)
        self.model.frames.clear()

    @precondition(lambda self: len(self.readers) < 4)
    @rule(who=st.integers(0, 1), lossless=st.booleans())
    def open_consumer(self, who: int, lossless: bool) -> None:
        start = self.model.head
        row = self.cores[who].consumer_open(f"c{who}", lossless, start)
        assert row not in self.readers
        self.readers[row] = Reader(self.cores[who], lossless, start, start)
        if lossless:
            self.model.acked[row] = start

    @precondition(lambda self: self.readers and self.model.head >= 0)
    @rule(pick=st.integers(0, 9), back=st.integers(0, 3))
    def deliver(self, pick: int, back: int) -> None:
        row = sorted(self.readers)[pick % len(self.readers)]
        reader, sequence = self.readers[row], max(0, self.model.head - back)
        missed = reader.core.consumer_seen(row, sequence)
        if sequence > reader.delivered:
            assert missed == sequence - reader.delivered - 1
            reader.seen, reader.missed, reader.delivered = reader.seen + 1, reader.missed + missed, sequence
        else:
            assert missed == 0
        reader.core.consumer_ack(row, sequence)
        if reader.lossless:
            self.model.acked[row] = max(self.model.acked[row], sequence)

    @precondition(lambda self: self.readers)
    @rule(pick=st.integers(0, 9))
    def close_consumer(self, pick: int) -> None:
        row = sorted(self.readers)[pick % len(self.readers)]
        self.readers.pop(row).core.consumer_close(row)
        self.model.acked.pop(row, None)

    @invariant()
    def the_ledger_adds_up(self) -> None:
        values = counted(self.cores[0])
        assert values.pop("held") == len(self.model.frames)
        assert values == self.model.counts
        assert self.cores[1].sequences() == sorted(self.model.frames)
        assert self.cores[1].head() == self.model.head
        for name, lossless, _, start, delivered, _, seen in self.cores[0].consumers():
            assert name in ("c0", "c1")
            waiting = self.model.head - delivered
            assert any(
                seen + reader.missed + waiting == self.model.head - start
                for reader in self.readers.values()
                if (lossless, delivered, seen) == (reader.lossless, reader.delivered, reader.seen)
            )

    @invariant()
    def what_is_leased_is_whole(self) -> None:
        for hold in self.holds:
            view: Any = hold[1] if isinstance(hold, tuple) else hold.array()
            assert set(view.tolist()) == {sequence_of(hold) % 256}
        gone = [lease for lease in self.cores[0].leases() if lease[0] == -1]
        assert sum(count for _, _, _, count, _ in self.cores[0].leases()) == len(self.holds)
        assert len({slot for _, slot, *_ in gone}) == len(self.leased() - self.model.frames.keys())

    def teardown(self) -> None:
        self.holds.clear()
        for each in self.cores:
            each.close()
        gc.collect()
        os.close(self.fd)


def sequence_of(hold: Hold | tuple[int, Any]) -> int:
    return hold[0] if isinstance(hold, tuple) else hold.sequence


class PureMachine(CoreMachine):
    core_module = "rushes._native.pure"
    core_kind = layout.CORE_PURE


class CompiledMachine(CoreMachine):
    core_module = "rushes._native._core"
    core_kind = layout.CORE_NATIVE


compiled = pytest.mark.skipif(
    importlib.util.find_spec(CompiledMachine.core_module) is None,
    reason="the compiled core is not built: scripts/up builds it",
)


@pytest.mark.parametrize("machine", [PureMachine, pytest.param(CompiledMachine, marks=compiled)])
@pytest.mark.parametrize("examples", [50, pytest.param(1000, marks=pytest.mark.long)])
def test_any_order_of_operations(machine: type[CoreMachine], examples: int) -> None:
    gc.freeze()  # each example ends with a collection, which need only look through what the example made
    slow = [HealthCheck.too_slow]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=40, suppress_health_check=slow, deadline=None
        ),
    )
