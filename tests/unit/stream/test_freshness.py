from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.freshness import Freshness


def read(arrivals: list[int], freshness: Freshness) -> tuple[list[int], list[int]]:
    """One take after each entry of ``arrivals``, that many having come; the numbers taken and those skipped."""
    queue: list[int] = []
    taken: list[int] = []
    skipped: list[int] = []
    number = 0
    left = [*arrivals, *[0] * sum(arrivals)]
    for came in left:
        queue += range(number, number + came)
        number += came
        if not queue:
            continue
        if freshness.look(len(queue)):
            skipped += queue[:-1]
            queue = queue[-1:]
        taken.append(queue.pop(0))
    return taken, skipped


@given(st.integers(0, 4), st.integers(0, 30), st.integers(1, 30))
def test_a_short_hold_up_skips_nothing(held_up: int, before: int, after: int) -> None:
    taken, skipped = read([1] * before + [held_up] + [0] * held_up + [1] * after, Freshness())
    assert not skipped
    assert taken == sorted(taken)


@given(st.lists(st.integers(1, 2), max_size=200))
def test_a_queue_that_stays_short_skips_nothing(found: list[int]) -> None:
    freshness = Freshness()
    assert not any(freshness.look(waiting) for waiting in found)
    assert not freshness.slow


@given(st.integers(20, 200), st.integers(2, 8))
def test_a_reader_that_cannot_keep_up_stays_near_the_newest_and_ends_with_it(
    takes: int, per_take: int
) -> None:
    freshness = Freshness()
    queue = 0
    for _ in range(takes):
        queue += per_take
        queue = 0 if freshness.look(queue) else queue - 1
        assert queue <= 3 * per_take
    taken, skipped = read([per_take] * takes, Freshness())
    assert taken[-1] == takes * per_take - 1
    assert skipped
    assert sorted(taken + skipped) == list(range(takes * per_take))


def test_it_is_slow_only_when_each_of_the_last_looks_found_several_and_no_fewer() -> None:
    freshness = Freshness(looks=3, standing=3)
    looks = [freshness.look(found) for found in (9, 9, 3, 2, 9, 9, 9, 4, 3, 2)]
    assert looks == [*[False] * 6, *[True] * 3, False]
    assert not freshness.slow


def test_a_reader_that_catches_up_is_not_slow() -> None:
    freshness = Freshness()
    assert not any(freshness.look(found) for found in (8, 7, 6, 5, 4, 3, 2, 1))
