"""One behind the other: expected = delivered + dropped by reason + waiting, at every step and over several runs."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rushes.wire.flow import Gap, Gaps, Reorder, Ring

TRACKS = ["", "a"]
Key = tuple[int, str]


class Receiver(RuleBasedStateMachine):
    """A sender whose frames are lost, doubled and overtaken; a ring, decoders that end in any order, and order."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps = Gaps()
        self.ring: Ring[tuple[Key, int]] = Ring(3, 1000)
        self.orders: dict[Key, Reorder[int]] = {}
        self.out: dict[Key, list[int | Gap]] = {}
        self.decoding: list[tuple[Key, int]] = []
        self.sent: dict[Key, list[int]] = {}
        self.run = dict.fromkeys(TRACKS, 1)
        self.now = 0
        self.bad = self.refused = 0

    @rule(track=st.sampled_from(TRACKS), skipped=st.integers(0, 3), size=st.integers(1, 500))
    def a_frame_comes(self, track: str, skipped: int, size: int) -> None:
        key = (self.run[track], track)
        sent = self.sent.setdefault(key, [])
        sent.append((sent[-1] if sent else 4) + 1 + skipped)
        self.arrive(key, sent[-1], size)

    @rule(track=st.sampled_from(TRACKS), back=st.integers(1, 9), size=st.integers(1, 1100))
    def one_comes_out_of_order_or_again(self, track: str, back: int, size: int) -> None:
        key = (self.run[track], track)
        if self.sent.get(key):
            self.arrive(key, max(0, self.sent[key][-1] - back), size)

    @rule(track=st.sampled_from(TRACKS))
    def the_sender_starts_again(self, track: str) -> None:
        key = (self.run[track], track)
        if key in self.orders:
            self.out[key] += self.orders[key].flush()
        self.run[track] += 1

    def arrive(self, key: Key, number: int, size: int) -> None:
        seen = self.gaps.see(*key, number)
        if not seen.fresh:
            self.refused += 1
            return
        if key not in self.orders:
            self.orders[key] = Reorder(50, track=key[1], first=number, max_items=4)
            self.out[key] = []
        for of, lost in self.ring.put((key, number), size):
            self.out[of] += self.orders[of].lose(lost, "stale", self.now)

    @rule(newest=st.booleans())
    def a_decoder_takes_one(self, newest: bool) -> None:
        item, gone = self.ring.newest() if newest else (self.ring.get(), [])
        for key, number in gone:
            self.out[key] += self.orders[key].lose(number, "stale", self.now)
        if item is not None:
            self.decoding.append(item)

    @rule(which=st.integers(0, 5), sound=st.booleans())
    def a_decoder_ends(self, which: int, sound: bool) -> None:
        if not self.decoding:
            return
        key, number = self.decoding.pop(which % len(self.decoding))
        if sound:
            self.out[key] += self.orders[key].put(number, number, self.now)
        else:
            self.bad += 1
            self.out[key] += self.orders[key].lose(number, "bad", self.now)

    @rule(more=st.integers(1, 60))
    def time_goes_by(self, more: int) -> None:
        self.now += more
        for key, order in self.orders.items():
            self.out[key] += order.due(self.now)

    @invariant()
    def the_ledger_adds_up(self) -> None:
        counts = self.gaps.counts()
        orders = self.orders.values()
        delivered = sum(each.released for each in orders)
        late = sum(each.late for each in orders)
        waiting = self.ring.waiting + len(self.decoding) + sum(each.waiting for each in orders)
        dropped = counts.missing + self.ring.stale + late + self.bad
        assert counts.expected == delivered + dropped + waiting
        assert counts.duplicates == self.refused
        assert not any(each.duplicates for each in orders), "each number is put in once"
        assert delivered == sum(not isinstance(each, Gap) for out in self.out.values() for each in out)

    @invariant()
    def what_comes_out_is_in_order_and_without_a_hole(self) -> None:
        for out in self.out.values():
            upto: int | None = None
            for each in out:
                first, last = (each.first, each.last) if isinstance(each, Gap) else (each, each)
                assert upto is None or first == upto + 1
                assert last >= first
                upto = last


TestReceiver = Receiver.TestCase
TestReceiver.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
