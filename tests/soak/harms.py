"""What is done to a station, at random: each harm ends by itself, and says what it was."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.soak.site import Site

_BLOCK = bytes(1 << 16)
# Ten seconds of life, and what it takes to begin it on a busy machine.
_LIFE_S, _MOST_ROW = 20.0, 3


class Done(NamedTuple):
    """One harm: what kind, to whom ("" for the disk and the line), and how long it lasted."""

    kind: str
    whom: str = ""
    long_s: float = 0.0

    def __str__(self) -> str:
        return (
            self.kind
            + (f" {self.whom}" if self.whom else "")
            + (f" for {self.long_s:.1f} s" if self.long_s else "")
        )


class Harms:
    """Draws one after another from a bag that is filled again when it is empty, so that none is left out for long."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site, self._lot = site, random.Random(seed)
        self._bag: list[str] = []
        self.done: Counter[str] = Counter()

    def next(self) -> Done | None:
        """Does one; what it was, None if there was nobody to harm."""
        table = _TABLE if self._site.small_disk else [each for each in _TABLE if each != "disk full"]
        self._bag = self._bag or self._lot.sample(table, len(table))
        kind = self._bag.pop()
        done = _DOING[kind](self._site, self._lot)
        if done is not None:
            self.done[kind] += 1
        return done


def named(pid: int) -> str:
    """What the process of a station is called: the end of its command line."""
    with contextlib.suppress(OSError, IndexError):
        name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2].decode()
        return "handler" if name.isdigit() else name
    return ""


def _someone(site: Site, lot: random.Random) -> int | None:
    found = sorted(site.family())
    return lot.choice(found) if found else None


class Deaths:
    """When each stage was killed, so that none is killed so often that the station, by its own rule, tries it again
    only half a minute later, or, where it never lived for ten seconds, not at all.
    """

    def __init__(self) -> None:
        self._at: dict[str, list[float]] = defaultdict(list)

    def bears(self, name: str, now: float) -> bool:
        """Whether one more is no fifth in a row of a stage that never lived ten seconds.

        A function's process may always be killed: its worker counts for it.
        """
        row = 0
        if name == "handler":
            return True
        for at in reversed(self._at[name]):
            if now - at > _LIFE_S:
                break
            row, now = row + 1, at
        return row < _MOST_ROW

    def note(self, name: str, now: float) -> None:
        self._at[name].append(now)


def _kill(site: Site, lot: random.Random) -> Done | None:
    now = time.monotonic()
    found = [pid for pid in sorted(site.family()) if site.deaths.bears(named(pid), now)]
    if not found:
        return None
    pid = lot.choice(found)
    name = named(pid)
    site.deaths.note(name, now)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    site.killed = pid
    return Done("kill", name)


def _stall(site: Site, lot: random.Random) -> Done | None:
    pid = _someone(site, lot)
    if pid is None:
        return None
    name, long_s = named(pid), lot.uniform(0.3, 3.0)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(long_s)
        finally:
            os.kill(pid, signal.SIGCONT)
    return Done("stall", name, long_s)


def _cut(site: Site, lot: random.Random) -> Done:
    long_s = lot.uniform(0.2, 3.0)
    site.line.cut()
    time.sleep(long_s)
    site.line.mend()
    return Done("cut", long_s=long_s)


def _fill(site: Site, lot: random.Random) -> Done:
    long_s = lot.uniform(0.5, 3.0)
    with _filled(site.disk / "filler"):
        time.sleep(long_s)
    return Done("disk full", long_s=long_s)


@contextlib.contextmanager
def _filled(path: Path) -> Iterator[None]:
    try:
        with path.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(_BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            yield
    finally:
        path.unlink()


_DOING: dict[str, Callable[[Site, random.Random], Done | None]] = {
    "kill": _kill,
    "stall": _stall,
    "cut": _cut,
    "disk full": _fill,
}
# A full disk takes all recordings with it, as the rule about free space says: seldom enough that the other limit is
# met too.
_TABLE = [*3 * ["kill", "kill", "kill", "stall", "stall", "cut"], "disk full"]
