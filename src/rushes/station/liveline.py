"""What a running station shows, as text made of the figures handed in (pure)."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rushes.limits import format_size

if TYPE_CHECKING:
    from rushes.station.report import ChannelStatus, RunReport, Status

__all__ = ["closing_lines", "opening_line", "status_lines"]

_MIB = 1 << 20


def opening_line(
    version: str, core: str, shm_free_bytes: int, memory: int | None = None, disk: int | None = None
) -> str:
    """What runs here, how much room there is for depots, and how much it may take of memory and disk."""
    allowed = [f"{format_size(memory)} depots"] if memory is not None else []
    allowed += [f"{format_size(disk)} disk"] if disk is not None else []
    budget = f"  budget: {', '.join(allowed)}" if allowed else ""
    return f"rushes {version}  {core}  shm: {format_size(shm_free_bytes)} free{budget}"


def status_lines(status: Status) -> list[str]:
    """One moment, in figures that keep their places: a line for each channel, then what they share.

    A single channel shares its line.
    """
    restarts = f"  restarts {status.restarts}" if status.restarts else ""
    recorded = "" if status.recorded_bytes is None else f"  rec {format_size(status.recorded_bytes)}"
    receivers = "" if status.receivers is None else f"  receivers {status.receivers}"
    workers = f"  workers {status.workers}" if status.workers else ""
    ram = f"RAM {status.ram_bytes / _MIB:.0f} MiB"
    shared = f"{ram}{workers}{receivers}{recorded}{_jobs(status)}{restarts}"
    width = max(len(each.name) for each in status.channels)
    lines = [f"{each.name:<{width}}  {_figures(each)}" for each in status.channels]
    return [f"{lines[0]}  {shared}"] if len(lines) == 1 else [*lines, shared]


def _jobs(status: Status) -> str:
    counts = ((status.jobs_running, "running"), (status.jobs_waiting, "waiting"))
    told = ", ".join(f"{count} {how}" for count, how in counts if count)
    return f"  jobs {told}" if told else ""


def _figures(channel: ChannelStatus) -> str:
    age = f"p50 {_ms(channel.ages.p50)} p95 {_ms(channel.ages.p95)}"
    return (
        f"{channel.state:<7}  fps {channel.fps:.1f}  age {age}  "
        f"depot {channel.held}/{channel.slots}  dropped {channel.dropped}"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def closing_lines(report: RunReport) -> list[str]:
    """What there is to say below the ledger."""
    lines = [
        f"{report.reason} after {report.duration_s:.1f} s, peak RAM {report.peak_ram_bytes / _MIB:.0f} MiB"
    ]
    lines += [
        f"  {each.name}: {each.fps:.1f} fps, age p50 {_ms(each.ages.p50)} p95 {_ms(each.ages.p95)} "
        f"p99 {_ms(each.ages.p99)}"
        for each in report.channels
    ]
    lines.append(
        "every frame is accounted for"
        if report.adds_up
        else "THE LEDGER DOES NOT ADD UP: this is a bug in rushes"
    )
    if report.archive is not None:
        lines.append(
            f"recorded {format_size(report.recorded_bytes or 0)} into {report.archive}; "
            f"to see what: rushes archive ls --archive {shlex.quote(report.archive)}"
        )
    lines += [
        f"streamed {each.edge.delivered} frames, {format_size(each.bytes)} on the wire, over {each.endpoint}"
        for each in report.streams
    ]
    restarts = [f"{name} {count}" for name, count in report.restarts.items() if count]
    if restarts:
        lines.append(f"restarts: {', '.join(restarts)}")
    return lines
