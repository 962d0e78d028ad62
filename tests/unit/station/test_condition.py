from __future__ import annotations

import pytest

from rushes.station.condition import Condition

S = 1_000_000_000


@pytest.fixture
def said():
    return []


@pytest.fixture
def made(said):
    made = Condition("door", said.append, 7)
    made.begin(0)
    return made


def look(made, stored, at_s, fps=30.0, target=30.0, ended="", cause=""):
    made.look(stored, int(at_s * S), int(at_s * S), fps=fps, target=target, ended=ended, cause=cause)
    return made.state


def test_it_opens_and_is_live_without_a_word(made, said):
    assert (made.state, made.since_ns) == ("opening", 7)
    assert look(made, 0, 0.1, fps=None) == "live"
    assert made.since_ns == S // 10
    assert said == []


def test_no_frame_for_two_seconds_is_lost_with_the_cause(made, said):
    look(made, 1, 1)
    assert look(made, 1, 2.9) == "live"
    assert look(made, 1, 3.0, fps=0, cause="killed by SIGKILL") == "lost"
    assert (made.why, made.since_ns) == ("killed by SIGKILL", 3 * S)
    assert look(made, 2, 3.1, fps=28) == "live"
    assert said == ["door is lost: killed by SIGKILL", "door is live"]


def test_a_slow_source_has_three_of_its_periods(made):
    assert look(made, 1, 1, fps=0.5, target=0.5) == "live"
    assert look(made, 1, 6.9, fps=0, target=0.5) == "live"
    assert look(made, 1, 7.0, fps=0, target=0.5) == "lost"


def test_less_than_most_of_its_rate_is_late_until_it_is_nearly_all_again(made, said):
    assert look(made, 1, 1, fps=24) == "live"
    assert look(made, 2, 2, fps=22) == "late"
    assert made.why == "less than 80% of 30 frames a second"
    assert look(made, 3, 3, fps=25) == "late"
    assert look(made, 4, 4, fps=27) == "live"
    assert said == ["door is late: less than 80% of 30 frames a second", "door is live"]


def test_a_rate_not_known_yet_or_without_a_target_is_not_late(made):
    assert look(made, 1, 1, fps=None) == "live"
    assert look(made, 1, 1, fps=3, target=0) == "live"
    assert look(made, 1, 1, fps=0.5, target=1) == "live", "one frame in two seconds may be two"


def test_a_source_that_has_no_more_is_stopped(made, said):
    assert look(made, 9, 50, fps=0, ended="the file is over") == "stopped"
    assert said == ["door is stopped: the file is over"]


def test_what_a_source_says_itself_is_why_it_is_not_there(made, said):
    made.hear("connection refused")
    assert (made.state, made.why) == ("opening", "connection refused")
    made.hear("")
    look(made, 1, 1)
    assert (made.state, made.why) == ("live", "")
    made.hear("no route to host")
    assert made.why == "", "frames still come"
    assert look(made, 1, 4, fps=0) == "lost"
    assert made.why == "no route to host"
    assert said == ["door is lost: no route to host"]
