"""Two network namespaces joined by a cable that can lose packets, be narrow, or be pulled out.

Both are this machine's, see nothing but each other, and are gone with the processes in them when the block ends.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex

TOOLS = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables"}
LINK = "cable0"
# What is dropped here was sent and never arrives, as on a bad line; the counter tells that it happened.
LOSS = """
table inet loss {{
  chain arriving {{
    type filter hook input priority 0;
    iifname "{link}" meta l4proto tcp numgen random mod 100 < {percent} counter drop
  }}
}}
"""


@dataclass(frozen=True)
class Namespace:
    """One side: its ``name``, and the address under which the other side finds it."""

    name: str
    address: str

    def command(self, *words: str) -> list[str]:
        """The command that runs ``words`` in here; it becomes them, so its pid is theirs."""
        return ["ip", "netns", "exec", self.name, *words]

    def pids(self) -> list[int]:
        return [int(each) for each in run("ip", "netns", "pids", self.name).split()]


class Pair:
    """``left`` and ``right``; what is done to the cable holds for both directions."""

    def __init__(self, left: Namespace, right: Namespace) -> None:
        self.left, self.right = left, right

    def loss(self, percent: int) -> None:
        """Drops that share of the TCP packets, at random, from now on; 0 drops none."""
        for side in (self.left, self.right):
            run(*side.command("nft", "flush", "ruleset"))
            if percent:
                rules = LOSS.format(link=LINK, percent=percent)
                run(*side.command("nft", "-f", "-"), given=rules)

    def lost(self) -> int:
        """How many packets were dropped since ``loss``."""
        rules = [run(*side.command("nft", "list", "ruleset")) for side in (self.left, self.right)]
        words = " ".join(rules).split()
        return sum(int(words[at + 1]) for at, word in enumerate(words) if word == "packets")

    def shape(self, megabits: int) -> None:
        """Lets at most that many megabits a second through."""
        # A tenth of a second may wait for its turn; what comes beyond is dropped, as in a router.
        how = ["tbf", "rate", f"{megabits}mbit", "burst", "64kb", "latency", "100ms"]
        for side in (self.left, self.right):
            run("tc", "-n", side.name, "qdisc", "replace", "dev", LINK, "root", *how)

    def link(self, up: bool) -> None:
        """Pulls the cable out, or puts it in again."""
        run("ip", "-n", self.left.name, "link", "set", LINK, "up" if up else "down")


def run(*command: str, given: str = "") -> str:
    """What the command prints; CalledProcessError, and its own words on stderr, when it fails."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


@functools.cache
def missing() -> str:
    """Why there are no namespaces to be had here; empty when there are. Asked once, by making a pair."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = sorted({TOOLS[tool] for tool in TOOLS if shutil.which(tool) is None})
    if absent:
        return f"{', '.join(absent)} is not installed"
    try:
        with joined() as pair:
            pair.loss(1)
            pair.shape(40)
    except RuntimeError as error:
        return f"this kernel or container allows no such network ({error})"
    return ""


@contextlib.contextmanager
def joined() -> Iterator[Pair]:
    """A pair whose cable is in and good. What still runs in it at the end is killed, which is an error."""
    mark = f"rushes-{os.getpid()}-{token_hex(3)}"
    pair = Pair(Namespace(f"{mark}-l", "10.203.0.1"), Namespace(f"{mark}-r", "10.203.0.2"))
    with contextlib.ExitStack() as made:
        for side in (pair.left, pair.right):
            run("ip", "netns", "add", side.name)
            made.callback(remove, side)
        peer = ["type", "veth", "peer", "name", LINK, "netns", pair.right.name]
        run("ip", "link", "add", LINK, "netns", pair.left.name, *peer)
        for side in (pair.left, pair.right):
            run("ip", "-n", side.name, "addr", "add", f"{side.address}/24", "dev", LINK)
            for device in ("lo", LINK):
                run("ip", "-n", side.name, "link", "set", device, "up")
        yield pair


def remove(side: Namespace) -> None:
    """Deletes the namespace; RuntimeError when processes had to be killed for that."""
    left = side.pids()
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while side.pids() and time.monotonic() < until:
        time.sleep(0.01)
    run("ip", "netns", "del", side.name)
    if left:
        raise RuntimeError(f"processes were left in {side.name}: {left}")
