"""The back-off and the states of a link, without any link."""

from __future__ import annotations

import pytest

from rushes import ConfigError
from rushes.capture.reconnect import Reconnect


def test_waits_double_up_to_four_seconds():
    link = Reconnect()
    assert [link.failed() for _ in range(7)] == [0.25, 0.5, 1, 2, 4, 4, 4]


def test_a_frame_begins_the_waits_anew():
    link = Reconnect()
    link.failed(), link.failed()
    link.frame()
    assert link.failed() == 0.25


def test_states_in_turn():
    link = Reconnect()
    seen = [link.state]
    for step in (link.failed, link.frame, link.failed, link.failed, link.frame):
        step()
        seen.append(link.state)
    assert seen == ["opening", "lost", "live", "lost", "lost", "live"]


def test_only_coming_back_is_a_reconnect():
    link = Reconnect()
    link.failed()
    link.frame()
    assert link.reconnects == 0, "that was the first time"
    link.failed()
    link.failed()
    link.frame()
    link.frame()
    assert link.reconnects == 1


@pytest.mark.parametrize("end", ["ended", "closed"])
def test_an_end_is_final(end):
    link = Reconnect()
    link.finish(end)
    link.frame()
    link.failed()
    link.finish("lost")
    assert link.state == end


@pytest.mark.parametrize("waits", [(0, 1), (2, 1), (-1, 1)])
def test_waits_must_make_sense(waits):
    with pytest.raises(ConfigError, match="back-off"):
        Reconnect(*waits)
