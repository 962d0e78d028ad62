"""What viewers are told of a channel."""

from __future__ import annotations

from rushes.server.live_states import shown
from rushes.station.board import Board, ChannelState

S = 1_000_000_000
NOW = 1_800_000_000 * S


def board(age_s: float = 0.2) -> Board:
    return Board(station="s", pid=1, started_ns=0, now_ns=round(NOW - age_s * S))


def channel(state: str = "live", why: str = "") -> ChannelState:
    return ChannelState(name="cam", source="testcard:", state=state, why=why, since_ns=NOW - 60 * S)


def test_the_boards_word_is_passed_on() -> None:
    said = shown(board(), channel("late", "only 3 of 30 fps"), NOW, NOW)
    assert (said.state, said.why, said.since) == ("late", "only 3 of 30 fps", NOW / S - 60)


def test_a_channel_that_gives_nothing_is_lost_since_its_last_picture() -> None:
    said = shown(board(), channel(), NOW, NOW - 3 * S)
    assert (said.state, said.since) == ("lost", NOW / S - 3)
    assert shown(board(), channel(), NOW, NOW - S).state == "live"


def test_before_the_first_picture_the_board_is_believed() -> None:
    assert shown(board(), channel("opening"), NOW, 0).state == "opening"


def test_the_board_of_a_dead_station_stands_still() -> None:
    said = shown(board(age_s=20), channel(), NOW, NOW)
    assert said.state == "lost"
    assert "does not answer" in said.why


def test_no_board_and_no_channel_say_so() -> None:
    assert shown(None, None, NOW, 0).state == "lost"
    assert "no such channel" in shown(board(), None, NOW, 0).why
