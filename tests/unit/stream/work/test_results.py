from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.parcel import Parcel, tombstone
from rushes.stream.work.results import Result, Results
from rushes.wire.flow import Gap
from rushes.wire.message import Header, Message

RUN = 5
Known = dict[tuple[int, str], tuple[int, list[int]]]


class Said:
    """What stands for an item of the hub: remembers that it was acknowledged."""

    def __init__(self, index: int) -> None:
        self.sequence, self.done = index, False

    def ack(self) -> None:
        self.done = True


def result(index: int, *, gone: str = "", track: str = "t", shift: int = 0) -> Result:
    header = Header(
        stream="cam",
        run=RUN,
        number=index + shift,
        captured_ns=1,
        sent_ns=1,
        track=track,
        codec="raw",
        format="gray8",
        dtype="u1",
        shape=(2, 2),
        length=4,
    )
    parcel = Parcel(header=header, index=index)
    if gone:
        parcel = tombstone(parcel, gone)  # type: ignore[arg-type]
    item: Any = Said(index)
    return Result(parcel, Message(parcel.header, memoryview(b"1234")), item)


def fresh(known: Known | None = None) -> Results:
    return Results(lambda run, track: (known or {}).get((run, track), (0, [])))


def everything(item: Result | Gap) -> bool:
    return True


def take_all(results: Results) -> list[Any]:
    """Takes and finishes what there is; frames by number."""
    out: list[Any] = []
    while (found := results.take(everything)) is not None:
        if isinstance(found, Gap):
            out.append(found)
        else:
            out.append(found.parcel.header.number)
            results.finish(found.parcel)
    return out


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_in_whatever_order_they_come_each_is_given_once_and_in_order(
    arrivals: list[int], lost: set[int], again: set[int]
) -> None:
    results = fresh()
    out: list[Any] = []
    for index in arrivals:
        assert results.arrive(result(index, gone="error" if index in lost else ""), 0)
        if index in again:
            assert not results.arrive(result(index), 0)
        out += take_all(results)
        assert results.stats(0).adds_up
    numbers = [each for each in out if isinstance(each, int)]
    told = [number for each in out if isinstance(each, Gap) for number in range(each.first, each.last + 1)]
    assert numbers == [index for index in range(8) if index not in lost]
    assert told == sorted(lost)
    stats = results.stats(0)
    assert (stats.delivered, stats.duplicates, stats.waiting) == (8 - len(lost), len(again), 0)


@given(
    st.permutations(range(8)),
    st.sets(st.integers(0, 7)),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.booleans(),
)
def test_a_receiver_that_begins_again_at_any_moment_waits_for_nothing_that_is_gone(
    arrivals: list[int], lost: set[int], restarts: list[bool], ordered: bool
) -> None:
    hub = {index: result(index, gone="skipped" if index in lost else "") for index in range(8)}
    known: Known = {}
    results = fresh()
    results.ordered = ordered
    came: list[int] = []
    seen: list[Any] = []
    for index, restart in zip(arrivals, restarts, strict=True):
        came.append(index)
        if restart:
            results = fresh(known)
            results.ordered = ordered
            for each in came:  # what was not acknowledged comes again
                if each in hub and each != index:
                    results.arrive(hub[each], 0)
        results.arrive(hub[index], 0)
        for each in take_all(results):
            seen.append(each)
            if isinstance(each, int):
                del hub[each]
        for run, track, upto, beyond, items in results.settled():
            known[run, track] = upto, beyond
            for item in items:
                hub.pop(item.sequence)
    numbers = [each for each in seen if isinstance(each, int)]
    wanted = [index for index in range(8) if index not in lost]
    assert (numbers if ordered else sorted(numbers)) == wanted
    assert not hub
    assert known[RUN, "t"] == (8, [])
    assert results.stats(0).adds_up


def test_a_missing_one_is_told_as_a_gap_when_it_was_waited_for_long_enough() -> None:
    results = fresh()
    results.max_wait_ns = 100
    results.arrive(result(0, shift=40), 0)
    results.arrive(result(2, shift=40), 10)
    assert results.due_ns == 110
    assert take_all(results) == [40]
    results.due(110)
    assert take_all(results) == [Gap(41, 41, "wire", "t"), 42]
    assert not results.arrive(result(1, shift=40), 120)
    stats = results.stats(0)
    assert (stats.expected, stats.delivered, stats.dropped, stats.waiting) == (3, 2, {"wire": 1}, 0)


def test_without_order_a_given_up_one_is_told_and_nothing_is_given_twice() -> None:
    results = fresh()
    results.ordered, results.max_wait_ns = False, 100
    results.arrive(result(2), 0)
    results.arrive(result(0), 0)
    assert take_all(results) == [2, 0]
    results.due(100)
    assert take_all(results) == [Gap(1, 1, "wire", "t")]
    assert results.stats(0).adds_up


def test_gaps_that_nobody_asks_for_do_not_pile_up() -> None:
    results = fresh()
    for index in range(2000):
        results.arrive(result(index, gone="" if index % 2 else "skipped"), 0)
        found = results.take(lambda each: isinstance(each, Result))
        assert (found is None) == (index % 2 == 0)
    gaps = take_all(results)
    assert len(gaps) == 256
    assert gaps[-1] == Gap(1998, 1998, "skipped", "t")


def test_what_is_not_handed_over_is_not_counted_as_done() -> None:
    results = fresh()
    for index in range(3):
        results.arrive(result(index), 0)
    first, second = results.take(everything), results.take(everything)
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    results.finish(second.parcel)
    ((_, _, upto, beyond, _),) = results.settled()
    assert (upto, beyond) == (0, [1])
    results.finish(first.parcel)
    ((_, _, upto, beyond, _),) = results.settled()
    assert (upto, beyond) == (2, [])
    assert results.settled() == []
