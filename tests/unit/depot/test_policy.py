"""What happens to a frame that finds the depot full, without a depot."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes._native.core import FULL, LEASED, NO_CONSUMER, OK, TAKE_ACKED, TAKE_FREE, TAKE_OLDEST
from rushes._native.layout import DROP_REASONS
from rushes.depot import policy
from rushes.depot.policy import ASK, Step, admission, check_answer, parse
from rushes.depot.records import DepotStats
from rushes.errors import ConfigError, UnknownName

REFUSED = (FULL, -1, -1)
SLOT = (OK, 3, 17)
NONE = ("full", -1, -1)


class Looks:
    """Answers for the looks for room, in turn; the last one again and again."""

    def __init__(self, *answers: tuple[int, int, int]) -> None:
        self.answers = list(answers)
        self.takes: list[int] = []

    def __call__(self, take: int) -> tuple[int, int, int]:
        self.takes.append(take)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def drive(
    steps: Generator[Step, Any, tuple[str, int, int]], *answers: Any
) -> tuple[list[Step], tuple[str, int, int]]:
    """(what was asked for, the outcome), answering in turn; the last answer again and again."""
    asked: list[Step] = []
    replies = list(answers)
    reply: Any = None
    for _ in range(1000):
        try:
            asked.append(steps.send(reply))
        except StopIteration as done:
            return asked, done.value
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
    raise AssertionError("it never ends")


# -- the names


@pytest.mark.parametrize("name", ["drop_oldest", "drop_newest", "block", "spill"])
def test_policies_go_by_name(name: str) -> None:
    assert parse(name) == (name, None)


def test_a_function_is_the_policy_of_asking_it() -> None:
    def choose(stats: DepotStats) -> str:
        return "block"

    assert parse(choose) == (ASK, choose)


@pytest.mark.parametrize("wrong", ["ask", "drop-oldest", "", None, 3])
def test_other_names_are_refused_with_the_known_ones(wrong: Any) -> None:
    with pytest.raises(UnknownName) as error:
        parse(wrong)
    assert error.value.known == ("drop_oldest", "drop_newest", "block", "spill")


def test_codes_in_old_segments_keep_their_meaning() -> None:
    assert policy.POLICIES == ("drop_oldest", "drop_newest", "block", "spill", "ask")


# -- what a function may answer


@pytest.mark.parametrize("answer", ["drop_oldest", "drop_newest", "block"])
def test_a_function_answers_one_of_three(answer: str) -> None:
    assert check_answer(answer) == answer


@pytest.mark.parametrize("answer", ["spill", "ask", "", None, 0, True, ["block"]])
def test_other_answers_are_refused(answer: Any) -> None:
    with pytest.raises(ConfigError, match="must answer one of drop_oldest, drop_newest, block"):
        check_answer(answer)


def test_an_async_answer_to_put_is_refused_and_its_coroutine_closed() -> None:
    async def later() -> str:
        return "block"

    coroutine = later()
    with pytest.raises(ConfigError, match="aput"):
        check_answer(coroutine)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        coroutine.send(None)
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(ConfigError, match="aput"):
            check_answer(loop.create_future())
    finally:
        loop.close()


# -- how each policy looks for room


@pytest.mark.parametrize(
    ("name", "take"),
    [
        ("drop_oldest", TAKE_OLDEST),
        ("drop_newest", TAKE_ACKED),
        ("block", TAKE_ACKED),
        ("spill", TAKE_FREE),
        (ASK, TAKE_ACKED),
    ],
)
def test_room_is_taken_at_the_first_look_without_asking_anyone(name: str, take: int) -> None:
    looks = Looks(SLOT)
    assert drive(admission(name, looks, None)) == ([], ("", 3, 17))
    assert looks.takes == [take] == [policy.TAKES[name]]


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("drop_oldest", FULL, "full"),
        ("drop_oldest", LEASED, "leased"),
        ("drop_newest", FULL, "full"),
        ("drop_newest", LEASED, "leased"),
        ("drop_newest", NO_CONSUMER, "full"),
        ("block", NO_CONSUMER, "no consumer"),
        ("spill", FULL, "full"),
        ("spill", LEASED, "leased"),
    ],
)
def test_a_frame_without_hope_is_dropped_at_once(name: str, status: int, reason: str) -> None:
    looks = Looks((status, -1, -1))
    assert drive(admission(name, looks, None)) == ([], (reason, -1, -1))
    assert len(looks.takes) == 1


@pytest.mark.parametrize("status", [FULL, LEASED])
def test_block_waits_and_looks_again_until_there_is_room(status: int) -> None:
    looks = Looks((status, -1, -1), (FULL, -1, -1), (LEASED, -1, -1), SLOT)
    assert drive(admission("block", looks, None), True) == ([Step.WAIT] * 3, ("", 3, 17))
    assert looks.takes == [TAKE_ACKED] * 4


@pytest.mark.parametrize("waits", [0, 1, 5])
def test_block_gives_up_when_the_time_is_up(waits: int) -> None:
    looks = Looks(REFUSED)
    asked, outcome = drive(admission("block", looks, None), *[True] * waits, False)
    assert (len(asked), outcome) == (waits + 1, ("timeout", -1, -1))
    assert len(looks.takes) == waits + 1, "time that is up is no reason for another look"


def test_block_stops_waiting_when_the_last_consumer_leaves() -> None:
    looks = Looks(REFUSED, (NO_CONSUMER, -1, -1))
    assert drive(admission("block", looks, None), True) == ([Step.WAIT], ("no consumer", -1, -1))


# -- spilling


def test_spill_moves_a_frame_away_only_when_nothing_is_free() -> None:
    moved: list[int] = []

    def spill() -> tuple[int, int, int]:
        moved.append(1)
        return OK, 5, -1

    assert drive(admission("spill", Looks(SLOT), spill)) == ([], ("", 3, 17))
    assert moved == []
    assert drive(admission("spill", Looks(REFUSED), spill)) == ([], ("", 5, -1))
    assert moved == [1]


def test_spills_own_trouble_is_the_reason() -> None:
    assert drive(admission("spill", Looks(REFUSED), lambda: (LEASED, -1, -1))) == ([], ("leased", -1, -1))


@pytest.mark.parametrize("name", ["drop_oldest", "drop_newest"])
def test_no_other_policy_spills(name: str) -> None:
    def spill() -> tuple[int, int, int]:
        raise AssertionError("nobody asked for it")

    assert drive(admission(name, Looks(REFUSED), spill)) == ([], NONE)


# -- asking


@pytest.mark.parametrize(
    ("answer", "take", "status", "steps", "outcome"),
    [
        ("drop_oldest", TAKE_OLDEST, OK, [], ("", 3, 17)),
        ("drop_oldest", TAKE_OLDEST, LEASED, [], ("leased", -1, -1)),
        ("drop_newest", TAKE_ACKED, NO_CONSUMER, [], NONE),
        ("drop_newest", TAKE_ACKED, OK, [], ("", 3, 17)),
        ("block", TAKE_ACKED, NO_CONSUMER, [], ("no consumer", -1, -1)),
        ("block", TAKE_ACKED, FULL, [Step.WAIT], ("timeout", -1, -1)),
    ],
)
def test_the_answer_is_followed_with_a_look_of_its_own(
    answer: str, take: int, status: int, steps: list[Step], outcome: tuple[str, int, int]
) -> None:
    looks = Looks(REFUSED, SLOT if status == OK else (status, -1, -1))
    assert drive(admission(ASK, looks, None), answer, False) == ([Step.ASK, *steps], outcome)
    assert looks.takes == [TAKE_ACKED, take]


def test_a_function_is_asked_once_for_each_frame() -> None:
    looks = Looks(REFUSED)
    asked, outcome = drive(admission(ASK, looks, None), "block", True, True, False)
    assert asked == [Step.ASK, Step.WAIT, Step.WAIT, Step.WAIT]
    assert outcome == ("timeout", -1, -1)


# -- all of it


@given(
    st.sampled_from(policy.POLICIES),
    st.lists(st.sampled_from((OK, FULL, LEASED, NO_CONSUMER)), min_size=1, max_size=8),
    st.sampled_from(policy.POLICIES[:3]),
    st.lists(st.booleans(), max_size=8),
)
def test_every_frame_is_stored_or_dropped_for_a_reason(
    name: str, statuses: list[int], answer: str, waits: list[bool]
) -> None:
    looks = Looks(*((status, 1, 2) if status == OK else (status, -1, -1) for status in statuses))
    answers = ([answer] if name == ASK and statuses[0] != OK else []) + [*waits, False]
    asked, (reason, slot, evicted) = drive(admission(name, looks, None), *answers)
    if reason:
        assert reason in DROP_REASONS
        assert (slot, evicted) == (-1, -1)
    else:
        assert (slot, evicted) == (1, 2)
    assert asked.count(Step.ASK) == (name == ASK and statuses[0] != OK)
    waiting = answer if name == ASK else name
    assert Step.WAIT not in asked or waiting in ("block", "drop_oldest", "spill")
