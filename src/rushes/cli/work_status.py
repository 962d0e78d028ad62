"""``rushes work SOURCE --status``: what waits for workers, and whether there are enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.cli.options import console, print_json, table
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from rushes.stream.backlog import WorkBacklog

__all__ = ["show_status", "status_row"]

_WATCH_S = 1.0
_HEADINGS = ("track", "waiting", "at work", "oldest", "arriving", "done", "enough workers")


def show_status(
    source: str, track: str | None, workers: int, *, keys: str | None, for_: str | None, json: bool
) -> int:
    """Looks twice and prints it. PeerGone, a WireError, when no hub answers."""
    from rushes.limits import parse_duration
    from rushes.stream.backlog_watch import work_backlog

    if workers < 1:
        raise ConfigError(f"--workers must be at least 1, not {workers}", option="--workers")
    watch_s = _WATCH_S if for_ is None else parse_duration(for_, option="--for")
    tracks = None if track is None else [track]
    found = work_backlog(source, tracks, keys=keys, watch_s=watch_s)
    if json:
        print_json({"watched_s": watch_s, "tracks": [_plain(each, workers) for each in found]})
    else:
        console().print(table(_HEADINGS, [status_row(each, workers) for each in found]))
    return 0


def status_row(each: WorkBacklog, workers: int) -> tuple[str, ...]:
    """One track for printing."""
    stuck = f" ({each.stuck} stuck)" if each.stuck else ""
    return (
        each.track,
        f"{each.waiting}{stuck}",
        str(each.in_flight),
        f"{each.oldest_age_s:.1f} s",
        _rate(each.arriving_per_s),
        _rate(each.done_per_s),
        _verdict(each, workers),
    )


def _rate(per_s: float | None) -> str:
    return "-" if per_s is None else f"{per_s:.1f}/s"


def _verdict(each: WorkBacklog, workers: int) -> str:
    needed = each.needed(workers)
    if needed is None:
        return "nothing is done"
    return "yes" if needed == workers else f"no: {needed} would keep up, where there are {workers}"


def _plain(each: WorkBacklog, workers: int) -> dict[str, Any]:
    return {
        "track": each.track,
        "waiting": each.waiting,
        "in_flight": each.in_flight,
        "stuck": each.stuck,
        "oldest_age_s": round(each.oldest_age_s, 3),
        "arrived": each.arrived,
        "done": each.done,
        "arriving_per_s": each.arriving_per_s,
        "done_per_s": each.done_per_s,
        "keeps_up": each.keeps_up,
        "workers": workers,
        "workers_needed": each.needed(workers),
    }
