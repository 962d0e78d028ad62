"""How long a blocked reader takes to get a small frame, and a 1080p one, in another process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchmarks._awake import awake
from benchmarks._harness import FULL_HD, TINY, Claim, Scale, ratios, take_turns
from benchmarks._line import median_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PERIOD_S = 0.002
SHOWN = {
    "pipe": "bare pipe",
    "ours": "rushes",
    "ours_published": "rushes, from publication",
    "ours_async": "rushes, asyncio",
    "condition": "SharedMemory + Condition",
    "queue": "multiprocessing.Queue",
    "iceoryx_published": "iceoryx2, from its send",
    "iceoryx": "iceoryx2",
}


def claims(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    return [*wakes(scale, there), pickled(scale)]


def wakes(scale: Scale, there: Mapping[str, str | None]) -> list[Claim]:
    names = ["pipe", "ours_published", "ours", "condition", "ours_async"]
    if there["iceoryx2"]:
        names += ["iceoryx_published", "iceoryx"]
    failed: dict[str, str] = {}
    with awake():
        took = take_turns({name: _wake(name, scale.wakes, failed) for name in names}, scale.rounds)

    def against(id_: str, title: str, over: str, under: str, target: float | None = None) -> Claim:
        parts: dict[str, Any] = {SHOWN[n]: failed.get(n, took.get(n, "not installed")) for n in (over, under)}
        values = (
            ratios(took[over], took[under]) if not any(isinstance(v, str) for v in parts.values()) else ()
        )
        return Claim(id_, title, "×", values, target, failed=over in failed, parts=parts)

    return [
        against(
            "wake_pipe",
            "median wake of a reader blocked in next(), from publication: a bare pipe's",
            "ours_published",
            "pipe",
            1.3,
        ),
        against(
            "wake_iceoryx2", "the same: iceoryx2, from its send", "ours_published", "iceoryx_published", 0.7
        ),
        against("wake_call", "the same from before the call of put(): a bare pipe's", "ours", "pipe"),
        against("wake_call_iceoryx2", "the same: iceoryx2, from before its loan", "ours", "iceoryx"),
        against("wake_condition", "the same: SharedMemory and a Condition", "ours", "condition"),
        against("wake_asyncio", "the same with await anext(): a bare pipe's", "ours_async", "pipe"),
    ]


def _wake(name: str, frames: int, failed: dict[str, str]) -> Callable[[], float]:
    """A contender that breaks off must not take the others' figures with it; its claim is missed."""
    wake = median_of(name, TINY, frames, period_s=PERIOD_S)

    def go() -> float:
        try:
            return wake()
        except (RuntimeError, TimeoutError, OSError) as error:
            failed[name] = f"failed: {error}"
            return math.nan

    return go


def pickled(scale: Scale) -> Claim:
    how: dict[str, Any] = {"period_s": 0.005, "acked": True}
    took = take_turns(
        {n: median_of(n, FULL_HD, scale.frames, **how) for n in ("ours", "queue")}, scale.rounds
    )
    return Claim(
        "pickled",
        "times as fast as multiprocessing.Queue in getting a 1080p frame to another process",
        "×",
        ratios(took["queue"], took["ours"]),
        30.0,
        at_least=True,
        parts={"rushes": took["ours"], "multiprocessing.Queue": took["queue"]},
    )
