"""What a running station shows, as text made of the figures handed in (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.limits import format_size

if TYPE_CHECKING:
    from rushes.station.builtin import Plan
    from rushes.station.report import RunReport, Status

__all__ = ["closing_lines", "opening_lines", "status_line"]

_MIB = 1 << 20


def opening_lines(plan: Plan, version: str, core: str, shm_free_bytes: int) -> list[str]:
    """What is going to run, and within which bounds, before anything is taken."""
    readers = ", ".join(plan.readers)
    return [
        f"rushes {version}  {core}  shm: {format_size(shm_free_bytes)} free  "
        f"budget: {format_size(plan.budget_bytes)} shared memory",
        f"  testcard {plan.width}x{plan.height}@{plan.fps:g} {plan.format} -> depot {plan.depot} "
        f"[{plan.slots} slots of {format_size(plan.budget_bytes // plan.slots)}] -> {readers}",
    ]


def status_line(status: Status) -> str:
    """One moment, in figures that keep their places."""
    restarts = f"  restarts {status.restarts}" if status.restarts else ""
    age = f"p50 {_ms(status.age_p50_s)} p95 {_ms(status.age_p95_s)}"
    ram = f"{status.ram_bytes / _MIB:.0f} MiB"
    return (
        f"fps {status.fps:.1f}  age {age}  "
        f"depot {status.held}/{status.slots}  dropped {status.dropped}  RAM {ram}  "
        f"readers {status.readers}{restarts}"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def closing_lines(report: RunReport) -> list[str]:
    """What there is to say below the ledger."""
    ages = report.ages
    lines = [
        f"{report.reason} after {report.duration_s:.1f} s: {report.fps:.1f} fps, "
        f"age p50 {_ms(ages.p50)} p95 {_ms(ages.p95)} p99 {_ms(ages.p99)}, "
        f"peak RAM {report.peak_ram_bytes / _MIB:.0f} MiB",
        "every frame is accounted for"
        if report.adds_up
        else "THE LEDGER DOES NOT ADD UP: this is a bug in rushes",
    ]
    restarts = [f"{name} {count}" for name, count in report.restarts.items() if count]
    if restarts:
        lines.append(f"restarts: {', '.join(restarts)}")
    return lines
