"""What ``rushes send`` and ``rushes recv`` say: a line while they run, the account at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes.cli.options import console, print_json, table
from rushes.errors import DeadlineExceeded
from rushes.limits import format_duration, format_size
from rushes.metrics import EdgeStats, ledger_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.capture.records import SourceStats
    from rushes.cli.stream_run import Rates
    from rushes.cli.stream_take import Taking
    from rushes.metrics import LatencySummary
    from rushes.stream.records import StreamStats

__all__ = ["nothing_came", "print_received", "print_sent", "receiving_line", "sending_line"]


def sending_line(running_s: float, stats: StreamStats, rates: Rates) -> str:
    """One moment of a sender."""
    fps, size = rates.of(running_s, stats.sent, stats.bytes)
    return (
        f"{running_s:6.1f} s {fps:5.1f} fps  sent {stats.sent}  dropped {_counts(stats.dropped)}  "
        f"receivers {stats.peers}  {_mbits(size)}"
    )


def receiving_line(running_s: float, taking: Taking, rates: Rates) -> str:
    """One moment of a receiver."""
    stats, ages = taking.receiver.stats(), taking.ages.summary()
    fps, size = rates.of(running_s, taking.taken, stats.bytes)
    return (
        f"{running_s:6.1f} s {fps:5.1f} fps  age {_age(ages)}  got {taking.taken}  gaps {taking.gaps}  "
        f"lost {_counts(stats.dropped)}  {_mbits(size)}"
    )


def print_sent(source: str, stream: StreamStats, capture: SourceStats, seconds: float, *, json: bool) -> None:
    """A sender's account."""
    if json:
        plain = {
            "offered": capture.offered,
            "delivered": capture.delivered,
            "dropped": dict(capture.dropped),
            "waiting": capture.waiting,
            "adds_up": capture.adds_up,
        }
        print_json({"source": source, **_plain(stream, seconds, "offered", "sent"), "capture": plain})
        return
    _print_ledger(
        EdgeStats("source", capture.offered, capture.delivered, capture.dropped, capture.waiting),
        EdgeStats("stream", stream.offered, stream.sent, stream.dropped, stream.waiting),
    )
    print(f"{format_size(stream.bytes)} sent in {format_duration(seconds)}")


def print_received(taking: Taking, told: Mapping[str, Any], seconds: float, *, json: bool) -> None:
    """A receiver's account, and that of what it was received for."""
    stats, ages = taking.receiver.stats(), taking.ages.summary()
    if json:
        age_ms = {each: round(getattr(ages, each) * 1000, 3) for each in ("p50", "p95", "p99", "max")}
        counts = _plain(stats, seconds, "expected", "delivered")
        print_json(
            {"endpoint": taking.receiver.name, **counts, "gaps": taking.gaps, "age_ms": age_ms, **told}
        )
        return
    _print_ledger(EdgeStats("stream", stats.expected, stats.delivered, stats.dropped, stats.waiting))
    more = f", {stats.refused} messages refused" if stats.refused else ""
    print(
        f"{format_size(stats.bytes)} received in {format_duration(seconds)}, {taking.gaps} gaps, "
        f"age {_age(ages)}{more}"
    )
    if told.get("out"):
        lost = _counts(told["not_written"])
        print(f"{told['out']}: {told['written']} frames, {format_size(told['size'])}, not written {lost}")


def nothing_came(endpoint: str, seconds: float) -> DeadlineExceeded:
    """What a receiver that got no frame ends with."""
    return DeadlineExceeded(
        f"nothing came from {endpoint} in {format_duration(round(seconds, 1))}: does it send, and can it be "
        "reached from here? Where it has keys, this end needs them too: --keys DIR",
        timeout_s=seconds,
    )


def _plain(stats: StreamStats, seconds: float, *counts: str) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 3),
        **{each: getattr(stats, each) for each in counts},
        "dropped": dict(stats.dropped),
        "waiting": stats.waiting,
        "adds_up": stats.adds_up,
        "refused": stats.refused,
        "duplicates": stats.duplicates,
        "bytes": stats.bytes,
        "runs": stats.runs,
    }


def _print_ledger(*edges: EdgeStats) -> None:
    headings, *rows = ledger_table(edges)
    console().print(table(headings, rows))


def _age(ages: LatencySummary) -> str:
    return f"p50 {ages.p50 * 1000:.1f} p95 {ages.p95 * 1000:.1f} ms" if ages.count else "-"


def _counts(dropped: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(dropped.items()) if count)
    return f"{sum(dropped.values())} ({reasons})" if reasons else "0"


def _mbits(bytes_a_second: float) -> str:
    return f"{bytes_a_second * 8 / 1e6:.1f} Mbit/s"
