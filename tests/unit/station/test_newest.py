from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from rushes.station.newest import Newest


def test_each_line_has_its_turn_however_much_another_brings():
    newest = Newest[int]()
    assert [newest.put("fast", 1), newest.put("slow", 10), newest.put("fast", 2), newest.put("fast", 3)] == [
        False,
        False,
        True,
        True,
    ]
    assert (newest.take(), newest.take()) == (3, 10)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_what_is_brought_is_taken_or_given_up_for_a_newer_one(steps):
    newest, given_up, taken = Newest[tuple[str, int]](), 0, []
    for count, (line, take) in enumerate(steps):
        given_up += newest.put(line, (line, count))
        if take and (item := newest.take()) is not None:
            taken.append(item)
    newest.close()
    while (item := newest.take()) is not None:
        taken.append(item)
    assert len(taken) + given_up == len(steps)
    for line in "abc":
        counts = [count for each, count in taken if each == line]
        assert counts == sorted(counts)


def test_who_waits_gets_what_comes_and_the_end():
    newest, got = Newest[int](), []
    taker = threading.Thread(target=lambda: got.extend([newest.take(), newest.take()]))
    taker.start()
    newest.put("a", 1)
    newest.close()
    taker.join(20)
    assert got == [1, None]
