"""How many results are asked for ahead of their reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.work.appetite import ASKED, Appetite


def fed(count: int) -> Appetite:
    appetite = Appetite()
    for _ in range(count):
        appetite.came()
    return appetite


def test_what_came_is_asked_for_anew_while_little_lies_here() -> None:
    appetite = fed(100)
    assert appetite.due(99, full=False, thirsty=False) == 100
    assert appetite.due(99, full=False, thirsty=False) == 0


def test_a_few_at_a_time_are_asked_for_unless_there_is_nothing_to_go_on_with() -> None:
    appetite = fed(3)
    assert appetite.due(10, full=False, thirsty=False) == 0
    assert appetite.due(0, full=False, thirsty=False) == 3


def test_nothing_is_asked_for_while_enough_lies_here() -> None:
    appetite = fed(ASKED)
    assert appetite.due(ASKED, full=False, thirsty=False) == 0
    assert appetite.due(ASKED - 1, full=False, thirsty=False) == ASKED


def test_a_reader_for_whom_nothing_lies_here_has_more_asked_for() -> None:
    assert fed(1).due(10 * ASKED, full=False, thirsty=True) == 1


def test_where_there_is_no_room_none_are_asked_for_but_all_of_them_at_once() -> None:
    appetite = fed(5)
    assert appetite.due(0, full=True, thirsty=True) == 0
    assert appetite.all() == 5
    assert appetite.all() == 0


@given(st.lists(st.tuples(st.integers(0, 3 * ASKED), st.booleans(), st.booleans())))
def test_as_many_are_asked_for_as_came(looks: list[tuple[int, bool, bool]]) -> None:
    appetite, asked = Appetite(), 0
    for came, (ready, full, thirsty) in enumerate(looks, 1):
        appetite.came()
        asked += appetite.due(ready, full=full, thirsty=thirsty)
        assert asked <= came
    assert asked + appetite.all() == len(looks)
