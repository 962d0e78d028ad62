from __future__ import annotations

import itertools
from collections.abc import Callable

from rushes.stream.slack import Slack

ENCODING_S = 0.005


def drive(slack: Slack, frames: int, own_s: float, wait_s: Callable[[float, int], float]) -> list[bool]:
    """Sends frames with ``own_s`` of the caller's own work before each; ``wait_s(now, frame)`` it sleeps."""
    now_s, cpu_s, told = 100.0, 0.0, []
    for frame in range(frames):
        here = slack.begin(now_s, cpu_s, 1, ENCODING_S)
        told.append(here)
        took_s = ENCODING_S if here else 0.0005
        now_s, cpu_s = now_s + took_s, cpu_s + took_s
        slack.end(now_s, cpu_s)
        now_s, cpu_s = now_s + own_s, cpu_s + own_s
        now_s += wait_s(now_s, frame)
    return told


def by_clock(period_s: float) -> Callable[[float, int], float]:
    return lambda now_s, frame: max(0.0, 100.0 + (frame + 1) * period_s - now_s)


def test_who_waits_for_a_clock_encodes_itself() -> None:
    told = drive(Slack(), 100, 0.001, by_clock(1 / 60))
    assert told.index(True) <= 10
    assert all(told[10:])


def test_who_has_no_time_left_does_not() -> None:
    assert not any(drive(Slack(), 100, 0.001, by_clock(0.006)))
    assert not any(drive(Slack(), 100, 0.016, lambda now_s, frame: 0.0))


def test_who_sleeps_for_a_fixed_time_is_soon_left_alone() -> None:
    told = drive(Slack(), 300, 0.001, lambda now_s, frame: 1 / 60)
    assert 0 < sum(told) <= 2 * 8 + 2
    assert not any(told[30:250])


def test_it_is_tried_again_but_ever_more_seldom() -> None:
    told = drive(Slack(), 4000, 0.001, lambda now_s, frame: 1 / 60)
    tries = [place for place in range(1, len(told)) if told[place] and not told[place - 1]]
    pauses = [after - before for before, after in itertools.pairwise(tries)]
    assert len(pauses) >= 2
    assert all(after > 1.5 * before for before, after in itertools.pairwise(pauses))


def test_another_thread_begins_anew() -> None:
    slack = Slack()
    assert drive(slack, 50, 0.001, by_clock(1 / 60))[-1]
    assert not slack.begin(200.0, 0.0, 2, ENCODING_S)


def test_nothing_is_decided_before_anything_was_encoded() -> None:
    slack = Slack()
    for frame in range(50):
        assert not slack.begin(frame / 60, 0.0, 1, 0.0)
        slack.end(frame / 60, 0.0)
