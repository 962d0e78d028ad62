"""More stations at one hub: what a station's word of itself weighs, and what it costs to hear those of all others."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._growth_curve import Curve, Series
from rushes.server.answers import ChannelAnswer, DepotAnswer
from rushes.server.fleet_member import Member
from rushes.server.fleet_words import HERE, Here, written
from rushes.server.state import ServerState
from rushes.wire.jet_fleet import Heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._harness import Claim

CHANNELS = 50
_NOW = 1_700_000_000.0
_TURNS = 3


def measure(counts: Sequence[int], rounds: int) -> tuple[Curve, list[Claim]]:
    """Each station says once a second that it is there, and hears that of all others."""
    curve = _curve()
    for _ in range(rounds):
        for count in counts:
            curve.at(count, once(count))
    return curve, [
        curve.claim("hear", "a station's word heard among the most others: of the only other one", 2.0)
    ]


def once(stations: int) -> dict[str, float]:
    """All are heard for some seconds; none connects anywhere."""
    words = [written(_here(at)) for at in range(stations)]
    with tempfile.TemporaryDirectory(prefix="growth-bench-") as folder:
        state = ServerState("own", bind="127.0.0.1:0", data=Path(folder))
        try:
            member = Member(state, "nats://127.0.0.1:4222", None)
            each_s = asyncio.run(_hearing(member, words))
            known = len(member.channels()) // CHANNELS
        finally:
            state.close()
    if known != stations:
        raise RuntimeError(f"{known} of {stations} stations are known")
    return {
        "word": len(words[0]) / 1e3,
        "hear": 1e3 * each_s,
        "share": 100 * each_s * stations,
        "heard": sum(map(len, words)) / 1e3,
    }


async def _hearing(member: Member, words: Sequence[bytes]) -> float:
    """Processor time of one word, once all are known."""
    hear = member._hear  # noqa: SLF001  what its link calls with each word
    for data in words:
        hear(Heard(HERE, data))
    began = time.process_time()
    for _ in range(_TURNS):
        for data in words:
            hear(Heard(HERE, data))
    return (time.process_time() - began) / len(words) / _TURNS


def _here(at: int) -> Here:
    channels = [
        ChannelAnswer(
            name=f"camera{number}",
            station=f"station{at}",
            source="rtsp://192.168.100.200:554/stream1",
            fps=15.01,
            fps_target=15.0,
            width=1280,
            height=720,
            format="i420",
            state="live",
            why="",
            since=_NOW,
            age_p50_ms=21.4,
            age_p95_ms=33.9,
            dropped=12,
            lost=0,
            recorded=True,
            figures=False,
            backend="rtsp",
            depot=DepotAnswer(name=f"station{at}-camera{number}", slots=16, held=16, slot_bytes=1_382_400),
        )
        for number in range(CHANNELS)
    ]
    return Here(
        id=secrets.token_hex(16),
        name=f"station{at}",
        run=f"machine {at} {at}",
        begun=_NOW,
        started=_NOW,
        url=f"http://192.168.100.{at % 250}:8787",
        state="ok",
        channels=channels,
    )


def _curve() -> Curve:
    return Curve(
        "fleet",
        f"Stations at one hub, {CHANNELS} channels each: once a second each tells all others of itself",
        "other stations",
        {
            "word": Series("a station's word of itself", "kB"),
            "heard": Series("what a station hears each second", "kB/s"),
            "hear": Series("processor time of hearing one", "ms"),
            "share": Series("of a core of each station, for hearing all", "%"),
        },
    )
