"""Stations at one hub, each a board by hand with its application served by this process or by one of its own."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rushes import Frame
from rushes.archive import Archive
from rushes.server.fleet_member import Member
from rushes.server.state import ServerState
from tests.support.web_server import served
from tests.support.web_station import Shown
from tests.unit.server.live_help import ByHand, running

WAIT_S = 20.0


@contextlib.contextmanager
def by_hand(*names: str) -> Iterator[list[ByHand]]:
    """Stations whose pictures come thirty times a second."""
    with contextlib.ExitStack() as held:
        made = []
        for name in names:
            station = ByHand(name)
            held.callback(station.close)
            held.enter_context(running(station))
            made.append(station)
        yield made


@contextlib.contextmanager
def joined(station: str, data: Path, hub: str, keys: str | None = None) -> Iterator[tuple[str, ServerState]]:
    """(URL, state) of a station's application that has joined the hub."""

    def join(state: ServerState) -> None:
        state.fleet = Member(state, hub, keys)

    with served(station, data, prepare=join) as made:
        yield made


def record(station: ByHand, root: Path, *, start_s: float, count: int = 30, fps: float = 10.0) -> None:
    """``count`` pictures of the card, numbered from 0, in an archive that the station's board then names."""
    frames = []
    for number in range(count):
        array = np.empty(station.card.shape, np.uint8)
        captured_ns = round((start_s + number / fps) * 1e9)
        station.card.draw(array, number, captured_ns)
        frames.append(Frame(array, number, captured_ns=captured_ns, format="i420", channel="cam"))
    with Archive(root, min_free_bytes=0) as archive:
        recording = archive.record("cam", Shown(frames))
        recording.wait(WAIT_S)
        recording.close()
    station.archive = str(root)
    station.show()


def get(url: str) -> tuple[int, bytes, Any]:
    """(status, body, headers)."""
    try:
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def told(url: str) -> Any:
    """The JSON that is answered."""
    return json.loads(get(url)[1])


def names(url: str) -> set[str]:
    """The channels in a station's list."""
    return {each["name"] for each in told(f"{url}/api/channels")}


def eventually(true: Callable[[], Any], what: str, within_s: float = WAIT_S) -> Any:
    """What ``true()`` gives once it is so."""
    until = time.monotonic() + within_s
    while not (found := true()):
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {within_s:g} s")
        time.sleep(0.02)
    return found
