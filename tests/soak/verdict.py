"""Whether the three promises held: nothing lost silently, all within bounds, nothing corrupt or left behind."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rushes.archive import Archive
from rushes.errors import NoSuchMoment
from rushes.testing import read_card
from tests.soak.site import DISK_BYTES
from tests.support.nats_hub import gone

if TYPE_CHECKING:
    from tests.soak.site import Site
    from tests.soak.watch import Seen

_MOMENTS = 60
_STALE_MS = 2_500
_DEPOTS_BYTES = 512 << 20
_WELL_S = 60.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what is wrong with it."""

    what: str
    told: str
    wrong: tuple[str, ...] = ()


def judge(site: Site, seen: Seen, over_s: float, ended: tuple[int, Any, int, Any]) -> list[Finding]:
    """All findings, of a site that was ended."""
    code, told, _, received = ended
    return [
        _account(code, told, seen),
        _received(received),
        _bounds(seen, over_s),
        _recordings(site),
        _left(site),
        _killed(site),
    ]


def _account(code: int, told: Any, seen: Seen) -> Finding:
    wrong = [f"{each} (looked at while it ran)" for each in seen.wrong]
    if told is None or code:
        why = "no account" if told is None else f"{told['reason']}: {'; '.join(told['problems'])}"
        wrong.append(f"the station ended with {code}, {why}")
    edges = [edge for channel in (told or {}).get("channels", []) for edge in channel["edges"]]
    wrong += [f"{each['edge']} does not add up: {each}" for each in edges if not each["adds_up"]]
    if not edges or not seen.accounts:
        wrong.append("no account was seen")
    lines = ", ".join(f"{each['edge']} {each['delivered']} of {each['offered']}" for each in edges)
    return Finding("account", f"{seen.accounts} looks, and at the end: {lines}", tuple(wrong))


def _received(told: Any) -> Finding:
    if told is None:
        return Finding("receiver", "nothing", ("it gave no account",))
    wrong = [] if told["delivered"] else [f"nothing came: {told}"]
    if not told["adds_up"]:
        wrong.append(f"it does not add up: {told}")
    known = "every one that did not is known" if told["dropped"] else "none was lost"
    return Finding(
        "receiver", f"{told['delivered']} of {told['expected']} frames came, {known}", tuple(wrong)
    )


def _bounds(seen: Seen, over_s: float) -> Finding:
    wrong = []
    if seen.disk_bytes > DISK_BYTES:
        wrong.append(f"{seen.disk_bytes} bytes of recordings where {DISK_BYTES} are allowed")
    if seen.depot_bytes > _DEPOTS_BYTES:
        wrong.append(f"{seen.depot_bytes} bytes of depots where {_DEPOTS_BYTES} are allowed")
    # A short run is all warming up.
    if over_s >= 240:
        wrong += [f"memory grows: {each}" for each in seen.growth(over_s)]
    memory = ", ".join(f"{name} {last >> 20}" for name, _, last in seen.quarters(over_s))
    disk = f"disk {seen.disk_bytes / 2**20:.1f} of {DISK_BYTES / 2**20:.0f} MiB"
    depots = f"depots {seen.depot_bytes >> 20} of {_DEPOTS_BYTES >> 20} MiB"
    told = f"{disk}, {depots}, memory in MiB: {memory}"
    return Finding("bounds", told, tuple(wrong))


def _recordings(site: Site) -> Finding:
    place = str(site.data)
    verify = [sys.executable, "-m", "rushes", "archive", "verify", "--archive", place, "--json"]
    done = subprocess.run(verify, capture_output=True, text=True, timeout=600, check=False)
    wrong = [f"verify: {done.stdout[:500]} {done.stderr[:500]}"] if done.returncode else []
    looked, lot = 0, random.Random(1)
    with Archive(place, mode="r") as archive:
        for channel in archive.channels():
            spans = archive.spans(channel, 0, time.time())
            for _ in range(_MOMENTS if spans else 0):
                span = lot.choice(spans)
                at = lot.randint(span.start_ns, span.end_ns) / 1e9
                wrong += _moment(archive, channel, at)
                looked += 1
    if not looked:
        wrong.append("nothing was recorded")
    return Finding(
        "recordings", f"every byte, and {looked} pictures by what is painted in them", tuple(wrong)
    )


def _moment(archive: Archive, channel: str, at: float) -> list[str]:
    try:
        card = read_card(archive.frame_at(channel, at).array)
    except NoSuchMoment as error:
        return [str(error)]
    if card is None:
        return [f"the picture of {at} cannot be read"]
    late_ms = (round(at * 1000) - card[1]) % (1 << 32)
    return [] if late_ms <= _STALE_MS else [f"the picture of {at} is {late_ms} ms old"]


def _left(site: Site) -> Finding:
    wrong = [f"process {pid}" for pid in sorted(site.seen) if not gone(pid, 5)]
    wrong += [f"depot {name}" for name in os.listdir(site.depots)]
    return Finding("left behind", f"{len(site.seen)} processes seen", tuple(wrong))


def _killed(site: Site) -> Finding:
    """The station itself, which nobody starts again."""
    site.again()
    if site.wait_well(_WELL_S) is None:
        return Finding("the station killed", "", ("it did not start again on its folder",))
    site.family()
    site.station.kill()
    site.station.communicate()
    left = _left(site).wrong
    processes = tuple(each for each in left if each.startswith("process"))
    sweep = [sys.executable, "-m", "rushes", "depot", "sweep"]
    environment = {**os.environ, "RUSHES_SHM_DIR": str(site.depots)}
    subprocess.run(sweep, capture_output=True, timeout=60, check=True, env=environment)
    depots = tuple(f"depot {name}, also after a sweep" for name in os.listdir(site.depots))
    wrong = (*processes, *depots, *_recordings(site).wrong)
    return Finding("the station killed", f"{len(left)} depots left for the sweep, recordings whole", wrong)
