"""Which figures are kept with a recording."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from rushes.figures import Box
from rushes.station.noting import Notes

MS, US = 1_000_000, 1_000
ONE, TWO = (Box(0, 0, 0.5, 0.5),), (Box(0.1, 0.1, 0.5, 0.5),)


def test_figures_are_shown_until_the_next_are():
    notes = Notes()
    assert notes.put("a", 0, ONE) is None
    assert notes.put("a", 250 * MS, TWO) == (0, 250 * MS - US, ONE)
    assert notes.rest() == [(250 * MS, 450 * MS - US, TWO)]
    assert notes.rest() == []


def test_for_a_second_at_most():
    notes = Notes()
    notes.put("a", 0, ONE)
    assert notes.put("a", 5000 * MS, TWO) == (0, 1000 * MS - US, ONE)


def test_what_comes_too_fast_is_left_out():
    notes = Notes()
    notes.put("a", 0, ONE)
    assert notes.put("a", 199 * MS, TWO) is None
    assert notes.put("a", 200 * MS, TWO) == (0, 200 * MS - US, ONE)


def test_tracks_do_not_end_one_another():
    notes = Notes()
    notes.put("a", 0, ONE)
    assert notes.put("b", 300 * MS, TWO) is None
    assert notes.put("a", 400 * MS, ()) == (0, 400 * MS - US, ONE)


def test_nothing_found_is_nothing_kept():
    notes = Notes()
    notes.put("a", 0, ())
    assert notes.put("a", 300 * MS, ()) is None
    assert notes.rest() == []


@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=40))
def test_what_is_kept_of_a_track_never_overlaps(steps):
    notes, at = Notes(), 0
    put = []
    for step, any_found in steps:
        at += step * MS
        put.append(notes.put("a", at, ONE if any_found else ()))
    kept = [each for each in (*put, *notes.rest()) if each is not None]
    assert all(start <= end for start, end, _ in kept)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(kept))
