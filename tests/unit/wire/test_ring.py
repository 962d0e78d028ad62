"""The newest wins, within both bounds, and offered = taken + stale + waiting."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rushes.errors import ConfigError
from rushes.wire.flow import Ring


class Waiting(RuleBasedStateMachine):
    """A ring beside a list of (item, size)."""

    @initialize(items=st.integers(1, 5), size=st.integers(1, 100))
    def begin(self, items: int, size: int) -> None:
        self.items, self.size = items, size
        self.ring: Ring[int] = Ring(items, size)
        self.held: list[tuple[int, int]] = []
        self.came = self.got = self.gone = 0

    @rule(size=st.integers(0, 120))
    def put(self, size: int) -> None:
        item, self.came = self.came, self.came + 1
        dropped = self.ring.put(item, size)
        if size > self.size:
            assert dropped == [item]
        else:
            self.held.append((item, size))
            expected = []
            while len(self.held) > self.items or sum(each for _, each in self.held) > self.size:
                expected.append(self.held.pop(0)[0])
            assert dropped == expected
            assert item not in dropped
        self.gone += len(dropped)

    @rule()
    def get(self) -> None:
        expected = self.held.pop(0)[0] if self.held else None
        assert self.ring.get() == expected
        self.got += expected is not None

    @rule()
    def newest(self) -> None:
        item, dropped = self.ring.newest()
        held = [each for each, _ in self.held]
        assert (item, dropped) == ((held[-1], held[:-1]) if held else (None, []))
        self.got += bool(held)
        self.gone += len(dropped)
        self.held.clear()

    @rule()
    def clear(self) -> None:
        assert self.ring.clear() == [each for each, _ in self.held]
        self.gone += len(self.held)
        self.held.clear()

    @invariant()
    def nothing_is_lost_silently(self) -> None:
        if not hasattr(self, "ring"):
            return
        ring = self.ring
        assert (ring.offered, ring.taken, ring.stale) == (self.came, self.got, self.gone)
        assert ring.offered == ring.taken + ring.stale + ring.waiting
        assert ring.waiting == len(ring) == len(self.held) <= self.items
        assert ring.bytes == sum(size for _, size in self.held) <= self.size


TestWaiting = Waiting.TestCase
TestWaiting.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("bounds", [(0, 1), (1, 0), (-1, 5)])
def test_a_ring_without_room_is_a_config_error(bounds: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="room for at least one"):
        Ring(*bounds)
