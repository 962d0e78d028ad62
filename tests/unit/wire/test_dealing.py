"""Who works on what: nothing is lost, nothing is done with twice, whoever dies or falls silent."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rushes.wire.dealing import LEASE_NS, Deal, Dealing

S = 1_000_000_000
TRACKS = ("a", "b")


def dealt(frames: int, *workers: tuple[int, str, int], tracks: tuple[str, ...] = ("a",)) -> Dealing:
    made = Dealing(tracks)
    for number, track, credit in workers:
        assert made.join(number, track, credit, 0)
    for key in range(frames):
        made.offer(key)
    return made


def keys(deals: list[Deal]) -> list[int]:
    return [each.key for each in deals]


def test_the_oldest_goes_first_and_nobody_gets_more_than_it_has_room_for() -> None:
    made = dealt(5, (1, "a", 2), (2, "a", 1))
    assert keys(made.turn(0)) == [0, 1, 2]
    assert made.turn(0) == []
    made.grant(2, 1)
    assert made.turn(0) == [Deal(2, 3, 1)]
    assert made.counts("a") == (5, 0, 1, 4)


def test_whoever_has_most_room_gets_it() -> None:
    made = dealt(3, (1, "a", 1), (2, "a", 3))
    assert [each.worker for each in made.turn(0)] == [2, 2, 1]


def test_each_track_sees_each_frame_and_it_goes_with_the_last() -> None:
    made = dealt(1, (1, "a", 1), (2, "b", 1), tracks=TRACKS)
    assert len(made.turn(0)) == 2
    assert not made.done(1, 0)
    assert made.outstanding == 1
    assert made.done(2, 0)
    assert made.outstanding == 0


def test_frames_of_one_that_ends_are_others_at_once_and_before_newer_ones() -> None:
    made = dealt(4, (1, "a", 2), (2, "a", 0))
    assert keys(made.turn(0)) == [0, 1]
    made.leave(1)
    made.grant(2, 3)
    assert made.turn(0) == [Deal(2, 0, 2), Deal(2, 1, 2), Deal(2, 2, 1)]


def test_a_frame_of_which_nothing_is_said_for_two_seconds_is_somebody_elses() -> None:
    made = dealt(2, (1, "a", 2), (2, "a", 0))
    made.turn(0)
    made.keep(1, 1, S)
    made.grant(2, 5)
    assert made.due_ns == LEASE_NS
    made.heard(2, 2 * S)
    assert made.turn(2 * S) == [Deal(2, 0, 2)]
    made.heard(2, 3 * S)
    assert keys(made.turn(3 * S)) == [1]


def test_one_that_is_silent_gets_nothing_until_it_is_heard_again() -> None:
    made = dealt(1, (1, "a", 3))
    assert made.turn(2 * S) == []
    made.heard(1, 3 * S)
    assert keys(made.turn(3 * S)) == [0]


def test_a_result_counts_though_its_frame_is_with_another_by_now() -> None:
    made = dealt(1, (1, "a", 1), (2, "a", 0))
    made.turn(0)
    made.grant(2, 1)
    made.heard(2, 2 * S)
    assert made.turn(2 * S) == [Deal(2, 0, 2)]
    assert made.done(1, 0)
    assert not made.done(2, 0)
    assert made.counts("a") == (1, 1, 0, 0)


def test_a_result_of_one_that_never_had_the_frame_counts_for_nothing() -> None:
    made = dealt(1, (1, "a", 1), (2, "a", 0))
    made.turn(0)
    assert not made.done(2, 0)
    assert not made.done(1, 99)
    made.back(2, 0, 0, 0)
    made.keep(2, 0, 99 * S)
    assert made.counts("a").leased == 1


def test_a_frame_that_comes_back_with_a_delay_waits_for_so_long() -> None:
    made = dealt(1, (1, "a", 5))
    made.turn(0)
    made.back(1, 0, S, 0)
    assert made.due_ns == S
    assert made.turn(S - 1) == []
    made.heard(1, S)
    assert made.turn(S) == [Deal(1, 0, 2)]


def test_one_that_had_the_result_and_could_not_hand_it_in_has_not_failed() -> None:
    made = dealt(1, (1, "a", 9), (2, "a", 0))
    made.turn(0)
    made.made(1, 0)
    made.leave(1)
    made.grant(2, 1)
    assert made.turn(0) == [Deal(2, 0, 1)]


def test_one_that_connects_again_keeps_what_it_has() -> None:
    made = dealt(3, (1, "a", 2))
    made.turn(0)
    assert made.join(1, "a", 0, S)
    assert made.counts("a").leased == 2
    assert made.turn(S) == []
    made.done(1, 0)
    assert made.counts("a") == (3, 1, 1, 1)


def test_a_track_that_is_none_is_told() -> None:
    assert not dealt(0).join(1, "b", 1, 0)


class Deaths(RuleBasedStateMachine):
    """Workers that come, work, hand in, give back, fall silent and die as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.made = Dealing(TRACKS)
        self.now = 0
        self.offered = 0
        self.workers: dict[int, str] = {}
        self.ever: dict[int, str] = {}
        self.had: set[tuple[int, int]] = set()
        self.finished: Counter[tuple[str, int]] = Counter()
        self.freed: Counter[int] = Counter()

    @rule(count=st.integers(1, 3))
    def offer(self, count: int) -> None:
        for _ in range(count):
            self.made.offer(self.offered)
            self.offered += 1
        self.turn()

    @rule(worker=st.integers(0, 4), track=st.sampled_from(TRACKS), credit=st.integers(0, 3))
    def join(self, worker: int, track: str, credit: int) -> None:
        if self.ever.setdefault(worker, track) == track:
            self.made.join(worker, track, credit, self.now)
            self.workers[worker] = track
            self.turn()

    @rule(worker=st.integers(0, 4))
    def die(self, worker: int) -> None:
        self.made.leave(worker)
        self.workers.pop(worker, None)
        self.turn()

    @rule(worker=st.integers(0, 4), count=st.integers(0, 2))
    def grant(self, worker: int, count: int) -> None:
        self.made.heard(worker, self.now)
        self.made.grant(worker, count)
        self.turn()

    @rule(by_ns=st.integers(0, 3 * S))
    def time_passes(self, by_ns: int) -> None:
        self.now += by_ns
        self.turn()

    @rule(data=st.data())
    def hand_in(self, data: st.DataObject) -> None:
        if self.had:
            worker, key = data.draw(st.sampled_from(sorted(self.had)))
            before = self.made.counts(self.ever[worker]).done
            if self.made.done(worker, key):
                self.freed[key] += 1
            self.finished[self.ever[worker], key] += self.made.counts(self.ever[worker]).done - before
            self.turn()

    @rule(data=st.data(), delay=st.integers(0, S), made=st.booleans())
    def give_back(self, data: st.DataObject, delay: int, made: bool) -> None:
        if self.had:
            worker, key = data.draw(st.sampled_from(sorted(self.had)))
            if made:
                self.made.made(worker, key)
            self.made.back(worker, key, delay, self.now)
            self.turn()

    def turn(self) -> None:
        for each in self.made.turn(self.now):
            assert self.workers.get(each.worker) is not None
            assert self.finished[self.workers[each.worker], each.key] == 0
            assert each.tries >= 1
            self.had.add((each.worker, each.key))

    @invariant()
    def nothing_is_lost_or_done_with_twice(self) -> None:
        for track in TRACKS:
            counts = self.made.counts(track)
            assert counts.offered == self.offered == counts.done + counts.waiting + counts.leased
            assert counts.done == sum(count for (of, _), count in self.finished.items() if of == track)
        assert all(count == 1 for count in self.freed.values())
        assert max(self.finished.values(), default=1) <= 1
        assert self.made.outstanding == self.offered - len(self.freed)

    def teardown(self) -> None:
        """One worker for each track that does not die: everything comes to an end."""
        for worker in list(self.workers):
            self.made.leave(worker)
        self.now += 10 * S
        for number, track in ((100, "a"), (101, "b")):
            self.workers[number] = self.ever[number] = track
            self.made.join(number, track, 100_000, self.now)
        for each in self.made.turn(self.now):
            self.made.done(each.worker, each.key)
        assert self.made.outstanding == 0


Deaths.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestDeaths = Deaths.TestCase
