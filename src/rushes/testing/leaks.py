"""Counting what a test left behind: threads, child processes, open descriptors."""

from __future__ import annotations

import gc
import os
import threading
import time
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

__all__ = ["LeakSnapshot", "snapshot"]


@dataclass(frozen=True, slots=True)
class LeakSnapshot:
    """What this process holds at one moment: threads, children and descriptors by number, with a name."""

    threads: dict[int, str]
    children: dict[int, str]
    descriptors: dict[int, str]

    def leaks_since(self, before: LeakSnapshot) -> list[str]:
        """One line for each thing held now and not ``before``; empty when nothing was left behind.

        A descriptor that was closed and opened anew on something else counts. A child is known by its number
        alone: whether it runs or sleeps changes all the time.
        """
        lines = []
        for kind, now, then in (
            ("thread", self.threads, before.threads),
            ("child process", self.children, {pid: self.children.get(pid, "") for pid in before.children}),
            ("descriptor", self.descriptors, before.descriptors),
        ):
            lines += [f"{kind} {key}: {what}" for key, what in sorted(now.items()) if then.get(key) != what]
        return lines


def snapshot(*, settle_after: LeakSnapshot | None = None, timeout_s: float = 5.0) -> LeakSnapshot:
    """What this process holds now. Descriptors and children are seen on Linux only.

    With ``settle_after`` it collects garbage and looks again until nothing is held beyond that earlier
    snapshot, or ``timeout_s`` has passed: what only waits for the collector is no leak, and a thread that was
    joined, or a child that was killed, is listed by the system for a moment longer.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seen = LeakSnapshot(_threads(), _children(), _descriptors())
        if settle_after is None or not seen.leaks_since(settle_after) or time.monotonic() > deadline:
            return seen
        gc.collect()  # not on the way in: it takes longer than all the rest, and most tests leave nothing
        time.sleep(0.01)


def _threads() -> dict[int, str]:
    return {each.ident: each.name for each in threading.enumerate() if each.ident is not None}


def _children() -> dict[int, str]:
    found = {}
    tracker, _ = _tracker()
    for number in _child_numbers():
        try:
            line = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended while the others were being read
        # The name stands in brackets and may hold spaces and brackets itself: cut at the last one.
        name, _, rest = line.partition("(")[2].rpartition(")")
        state, parent = rest.split()[:2]
        pid = int(number)
        if int(parent) == os.getpid() and pid != tracker:
            found[pid] = f"{name} ({state})"
    return found


def _child_numbers() -> list[str]:
    """Those of the children, or, on a kernel that keeps no lists of them, of every process there is."""
    try:
        tasks = os.listdir("/proc/self/task")
        return [pid for task in tasks for pid in Path(f"/proc/self/task/{task}/children").read_text().split()]
    except OSError:
        return [each.name for each in Path("/proc").glob("[0-9]*")]


def _descriptors() -> dict[int, str]:
    found = {}
    _, tracker = _tracker()
    try:
        numbers = [int(each) for each in os.listdir("/proc/self/fd")]
    except OSError:
        return {}
    for number in numbers:
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # the one through which the folder itself was listed
        if number != tracker:
            found[number] = target
    return found


def _tracker() -> tuple[int | None, int | None]:
    """Pid and descriptor of Python's resource tracker, which is started once and meant to stay to the end."""
    tracker: Any = getattr(resource_tracker, "_resource_tracker", None)
    return getattr(tracker, "_pid", None), getattr(tracker, "_fd", None)
