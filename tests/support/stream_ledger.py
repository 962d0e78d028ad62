"""What must hold of a stream's records at every moment, reckoned here and not by the records themselves."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from rushes.wire.message import DESCRIPTOR, PIXELS

Counts = dict[str, Any]


def plain(stats: Any) -> Counts:
    """A record of a stream's end as plain data; reasons of drops that never happened are left out."""
    counts = dataclasses.asdict(stats)
    return {**counts, "dropped": {reason: count for reason, count in stats.dropped.items() if count}}


def lost(counts: Counts) -> int:
    return int(sum(counts["dropped"].values()))


def check_sender(counts: Counts) -> None:
    assert counts["waiting"] >= 0, counts
    assert counts["offered"] == counts["sent"] + lost(counts) + counts["waiting"], counts


def check_receiver(counts: Counts, items: list[Counts], *, rest: bool) -> None:
    """Of a receiver, and all that it gave: frames in order, and Gaps of the others. With ``rest`` all that was sent
    has come, so that no Gap is still to be told.

    Only of a single run, in which the numbers begin once.
    """
    assert counts["expected"] == counts["delivered"] + lost(counts) + counts["waiting"], counts
    numbers = [item["number"] for item in items if item["what"] == "frame"]
    missing = [n for item in items if item["what"] == "gap" for n in range(item["first"], item["last"] + 1)]
    assert numbers == sorted(set(numbers)), "in order, and each once"
    assert sorted(numbers + missing) == list(range(numbers[0], max(numbers + missing) + 1)), (
        "the Gaps are exactly what is missing"
    )
    assert len(numbers) == counts["delivered"], counts
    assert (len(missing) == lost(counts)) if rest else (len(missing) <= lost(counts)), (missing, counts)


def eventually(condition: Callable[[], object], what: str, patience_s: float = 20.0) -> None:
    """Returns once the condition holds."""
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.005)


def joined(streamer: Any, receivers: int = 1) -> None:
    """Waits until what is sent reaches exactly so many receivers: those that are there and have subscribed."""
    link = streamer._wire.link
    eventually(
        lambda: link.peers == receivers == link.subscribed(PIXELS) + link.subscribed(DESCRIPTOR),
        f"{receivers} receivers",
    )
