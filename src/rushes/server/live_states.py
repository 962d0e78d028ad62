"""How a channel is to be told to its viewers (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.server.live_words import State

if TYPE_CHECKING:
    from rushes.station.board import Board, ChannelState

__all__ = ["shown"]

_SECOND_NS = 1_000_000_000
# The station shows its board twice a second; a busy machine is slow, not dead.
_BOARD_NS = 5 * _SECOND_NS
_QUIET_NS = 2 * _SECOND_NS


def shown(board: Board | None, channel: ChannelState | None, now_ns: int, moved_ns: int) -> State:
    """What viewers are told at ``now_ns``; ``moved_ns`` is when the newest frame came, 0 before the first.

    The board's own word goes first, unless it is an old one: that of a dead station stands still. A channel that is
    said to live and gives nothing is lost to whoever looks at it.
    """
    if board is None:
        return State(state="lost", why="the station shows nothing")
    if now_ns - board.now_ns > _BOARD_NS:
        return State(state="lost", why="the station does not answer", since=board.now_ns / 1e9)
    if channel is None:
        return State(state="lost", why="the station has no such channel any more")
    if channel.state == "live" and moved_ns and now_ns - moved_ns > _QUIET_NS:
        return State(state="lost", why="no picture comes", since=moved_ns / 1e9)
    return State(state=channel.state, why=channel.why, since=channel.since_ns / 1e9)
