from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.turns import Turns


@given(st.integers(0, 12).flatmap(lambda count: st.permutations(range(count))))
def test_results_come_in_the_order_of_their_tickets_and_none_is_lost(order: list[int]) -> None:
    turns: Turns[str] = Turns()
    tickets = [turns.ticket() for _ in order]
    through: list[str] = []
    for settled, place in enumerate(order, start=1):
        through += turns.settle(tickets[place], f"r{place}")
        assert len(through) + len(turns.early) == settled
    assert through == [f"r{place}" for place in range(len(order))]
    assert len(turns.early) == 0


def test_a_late_first_lets_all_behind_it_through() -> None:
    turns: Turns[int] = Turns()
    first, second, third = turns.ticket(), turns.ticket(), turns.ticket()
    assert turns.settle(third, 3) == []
    assert turns.settle(second, 2) == []
    assert len(turns.early) == 2
    assert turns.settle(first, 1) == [1, 2, 3]


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=60))
def test_tickets_drawn_meanwhile_keep_the_order(steps: list[int | None]) -> None:
    turns: Turns[int] = Turns()
    open_tickets: list[int] = []
    through: list[int] = []
    for step in steps:
        if step is None:
            open_tickets.append(turns.ticket())
        elif open_tickets:
            ticket = open_tickets.pop(step % len(open_tickets))
            through += turns.settle(ticket, ticket)
    for ticket in open_tickets:
        through += turns.settle(ticket, ticket)
    assert through == sorted(through)
    assert through == list(range(len(through)))
    assert len(turns.early) == 0
