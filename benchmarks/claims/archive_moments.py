"""A picture of a moment out of a recording of 1080p with a key frame each second."""

from __future__ import annotations

import random
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks._harness import Claim, ratios, take_turns
from benchmarks.peers.archived import FPS, QUALITY, START_NS, STEP_NS, number_of, peers
from rushes.codecs import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rushes.archive import Archive

OURS = "rushes"
_TARGETS = {"ffmpeg": 3.0, "OpenCV": 2.5}
_IDS = {"PyAV, open and seek": "pyav", "OpenCV, kept open": "opencv_kept", "rushes, key frame": "rushes_key"}
_AT_ONCE = 4


def ours(archive: Archive, seconds: float, *, exact: bool = True) -> bytes:
    frame = archive.frame_at("camera", START_NS / 1e9 + seconds, exact=exact)
    return jpeg.encode(frame.array, frame.format, QUALITY)


def moments(count: int, seconds: float, seed: int) -> list[float]:
    """Random times, never so near to a picture's own that rounding decides which one it is."""
    dice = random.Random(seed)
    pictures = round(seconds * FPS)
    return [(dice.randrange(pictures) + dice.uniform(0.2, 0.8)) / FPS for _ in range(count)]


def moment_claims(archive: Archive, path: Path, seconds: float, *, rounds: int, each: int) -> list[Claim]:
    # The same ones for all: how far a moment lies behind its key frame is most of what it costs.
    asked = moments(each * rounds, seconds, 1)
    ways: dict[str, Callable[[float], bytes]] = {OURS: partial(ours, archive)}
    ways |= {name: partial(fetch, path) for name, fetch in peers().items()}
    ways["rushes, key frame"] = partial(ours, archive, exact=False)
    times = take_turns({name: partial(_mean_s, way, iter(asked), each) for name, way in ways.items()}, rounds)
    found = []
    for name, taken in times.items():
        if name == OURS:
            continue
        title = f"a moment of 1080p to JPEG: {name} takes so many times as long"
        found.append(
            Claim(
                f"moment_{_id(name)}",
                title,
                "×",
                ratios(taken, times[OURS]),
                _TARGETS.get(name),
                at_least=True,
                parts=dict(times) if name == "ffmpeg" else {},
            )
        )
    return found


def right_claims(
    archive: Archive, path: Path, seconds: float, *, ours_times: int, their_times: int
) -> list[Claim]:
    """How often it is the picture that was shown at that time."""
    found = [
        Claim(
            "right",
            f"{ours_times:,} random moments: the right picture",
            "%",
            [_right(partial(ours, archive), moments(ours_times, seconds, 2))],
            100.0,
            at_least=True,
        )
    ]
    for name, fetch in peers().items():
        share = _right(partial(fetch, path), moments(their_times, seconds, 3))
        found.append(
            Claim(
                f"right_{_id(name)}",
                f"{their_times} random moments: the right picture by {name}",
                "%",
                [share],
            )
        )
    return found


def together_claim(archive: Archive, seconds: float, *, rounds: int, each: int) -> Claim:
    """As many in all: by one thread, and by four."""
    asked = moments(each * rounds, seconds, 4)
    times = take_turns(
        {
            "one": partial(_wall_s, archive, iter(asked), each, 1),
            "four": partial(_wall_s, archive, iter(asked), each // _AT_ONCE, _AT_ONCE),
        },
        rounds,
    )
    title = "moments asked for by four threads at once: so many times as many as by one"
    return Claim(
        "together", title, "×", ratios(times["one"], times["four"]), at_least=True, parts=dict(times)
    )


def _id(name: str) -> str:
    return _IDS.get(name, name.lower())


def _mean_s(way: Callable[[float], bytes], asked: Iterator[float], count: int) -> float:
    times = [next(asked) for _ in range(count)]
    begin = time.perf_counter()
    for seconds in times:
        way(seconds)
    return (time.perf_counter() - begin) / count


def _wall_s(archive: Archive, asked: Iterator[float], count: int, threads: int) -> float:
    parts = [[next(asked) for _ in range(count)] for _ in range(threads)]
    workers = [
        threading.Thread(target=lambda part=part: [ours(archive, each) for each in part]) for part in parts
    ]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin


def _right(way: Callable[[float], bytes], asked: list[float]) -> float:
    right = sum(number_of(way(seconds)) == int(seconds * 1e9) // STEP_NS for seconds in asked)
    return 100 * right / len(asked)
