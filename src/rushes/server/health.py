"""Whether all is well with a station, in one sentence.

Red ("lost") is what cannot be seen or was lost: a channel without frames, a process that keeps dying, a frame that a
policy does not allow to be dropped, as one on its way into the recordings. Amber ("late") is what is less than it
should be: ticks of a source that passed before their frame could be grabbed, and a channel that is seen but not
recorded, as its camera takes no second connection. A busy machine drops such ticks and nothing else, and the ledger
has each of them as "late". They were a loss once, and red was the usual colour of any machine with something to do.
"""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from rushes.limits import format_size
from rushes.server.answers import Health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.server.state import ServerState
    from rushes.station.board import Board

__all__ = ["health"]

_SILENT_NS = 5_000_000_000
_RANK = {"live": 0, "opening": 1, "late": 1, "stopped": 1}
_MOST_NAMES = 3
_MOST_WHY = 90


def health(state: ServerState, board: Board) -> Health:
    """Is everything live, was anything lost, and is the machine fast enough?"""
    if state.clock.wall_ns() - board.now_ns > _SILENT_NS:
        return Health(state="lost", text="the station does not answer")
    worst = max((_RANK.get(each.state, 2) for each in board.channels), default=0)
    lost, late = state.history.lost(), state.history.late()
    away = "hub away" if state.fleet.trouble else ""
    unwell, failing = _unwell(board), _failing(board)
    parts = (_channels(board), failing, unwell, f"{lost} lost in 10 min", _late(late), _depots(board), away)
    text = " · ".join(part for part in parts if part)
    amber = worst or late or unwell
    return Health(state="lost" if lost or failing or worst == 2 else "late" if amber else "live", text=text)


def _channels(board: Board) -> str:
    counts = {"live": 0}
    for each in board.channels:
        counts[each.state] = counts.get(each.state, 0) + 1
    return " · ".join(
        f"{count} {'channel' if count == 1 else 'channels'} {name}" if turn == 0 else f"{count} {name}"
        for turn, (name, count) in enumerate(counts.items())
        if count or len(counts) == 1
    )


def _unwell(board: Board) -> str:
    """Channels that are live, and of which something else is to be known."""
    return _first([f"{each.name} {each.why}" for each in board.channels if each.state == "live" and each.why])


def _failing(board: Board) -> str:
    """Stages that cannot be kept alive, and why."""
    found = [f"{each.name} keeps dying: {each.cause}" for each in board.stages if each.state == "failing"]
    return _first(found)


def _first(found: Sequence[str]) -> str:
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{shorten(found[0], _MOST_WHY, placeholder=' …')}{more}" if found else ""


def _late(late: Mapping[str, int]) -> str:
    if not late:
        return ""
    worst = sorted(late, key=lambda name: (-late[name], name))
    more = f" and {len(worst) - _MOST_NAMES} more" if len(worst) > _MOST_NAMES else ""
    count = sum(late.values())
    ticks = "tick" if count == 1 else "ticks"
    return f"{', '.join(worst[:_MOST_NAMES])}{more}: {count} {ticks} late in 10 min, the machine is busy"


def _depots(board: Board) -> str:
    """What all depots take, which is what the budget is for; what processes take is told elsewhere."""
    if board.memory_budget is None:
        return f"depots {format_size(board.memory_bytes)}" if board.memory_bytes else ""
    used, unit = format_size(board.memory_bytes), format_size(board.memory_budget)
    number = f"{board.memory_bytes / (1 << 20):.0f}" if unit.endswith("MiB") else used
    return f"depots {number} of {unit}"
