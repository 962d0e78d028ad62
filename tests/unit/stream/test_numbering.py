from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import FrameError
from rushes.stream.numbering import Numbering, Place

NUMBERS = st.one_of(st.none(), st.integers(0, 20))


def numbering() -> Numbering:
    drawn = count(100)
    return Numbering(lambda: next(drawn))


@given(st.lists(st.tuples(st.sampled_from("ab"), NUMBERS), max_size=60))
def test_within_a_run_of_a_track_numbers_rise_and_those_given_are_kept(
    sent: list[tuple[str, int | None]],
) -> None:
    numbers = numbering()
    seen: dict[tuple[int, str], list[int]] = {}
    latest: dict[str, int] = {}
    for track, number in sent:
        place = numbers.place(track, number)
        assert place.track == track
        assert number in (None, place.number)
        assert place.run >= latest.get(track, 0), "a track never goes back to a run before"
        latest[track] = place.run
        seen.setdefault((place.run, track), []).append(place.number)
    for numbers_of_run in seen.values():
        assert numbers_of_run == sorted(set(numbers_of_run))
    assert numbers.runs == len(seen)
    assert len({run for run, _ in seen}) == len(seen), "no two tracks share a run by chance"


def test_frames_without_a_number_are_counted_from_0_on_each_track() -> None:
    numbers = numbering()
    assert [numbers.place(track, None).number for track in "aabba"] == [0, 1, 0, 1, 2]
    assert numbers.runs == 2


def test_counting_goes_on_from_a_number_that_was_given() -> None:
    numbers = numbering()
    assert [numbers.place("a", number).number for number in (7, None, 20, None)] == [7, 8, 20, 21]
    assert numbers.runs == 1


@pytest.mark.parametrize("again", [5, 4, 0])
def test_a_number_that_does_not_rise_begins_a_new_run(again: int) -> None:
    numbers = numbering()
    assert numbers.place("a", 5) == Place(100, "a", 5)
    assert numbers.place("a", again) == Place(101, "a", again)
    assert numbers.place("a", None) == Place(101, "a", again + 1)


def test_a_number_the_wire_cannot_carry_is_refused_and_changes_nothing() -> None:
    numbers = numbering()
    numbers.place("a", 3)
    with pytest.raises(FrameError, match=r"2\*\*63"):
        numbers.place("a", 2**63)
    assert numbers.place("a", None) == Place(100, "a", 4)
    assert numbers.place("a", 2**63 - 1).number == 2**63 - 1


def test_counting_on_from_the_last_number_begins_anew_instead_of_leaving_the_wires_range() -> None:
    numbers = numbering()
    numbers.place("a", 2**63 - 1)
    assert numbers.place("a", None).number < 2**63
