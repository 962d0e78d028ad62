"""Measures what is claimed of the picture codecs, beside OpenCV and Pillow: ``python benchmarks/codecs.py``.

1920x1080, a photograph-like picture and one of text with a photo in it; processor time, contenders in turn.
``--quick`` runs a little of everything, to see that it runs at all: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import threading
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks._harness import Claim

sys.path[0] = str(Path(__file__).resolve().parent.parent)

HEIGHT, WIDTH = 1080, 1920
QUALITIES = (75, 90)


def pictures() -> dict[str, Any]:
    """By name: (1080, 1920, 3) BGR."""
    from benchmarks.peers.scene import natural, text

    photo = np.ascontiguousarray(natural(HEIGHT, WIDTH)[..., :3])
    page = np.ascontiguousarray(text(HEIGHT, WIDTH)[..., :3])
    page[200:700, 1100:1800] = photo[200:700, 1100:1800]
    return {"photo": photo, "page": page}


def cpu_s(call: Callable[[], Any], times: int) -> float:
    began = time.thread_time()
    for _ in range(times):
        call()
    return (time.thread_time() - began) / times


def encoders(array: Any, quality: int) -> dict[str, Callable[[], Any]]:
    from rushes.codecs import jpeg

    found: dict[str, Callable[[], Any]] = {"rushes": lambda: jpeg.encode(array, "bgr24", quality)}
    if find_spec("cv2"):
        import cv2

        cv2.setNumThreads(1)
        found["cv2"] = lambda: cv2.imencode(".jpg", array, [cv2.IMWRITE_JPEG_QUALITY, quality])
    from PIL import Image

    image = Image.fromarray(array[..., ::-1].copy())
    found["Pillow"] = lambda: image.save(io.BytesIO(), "JPEG", quality=quality)
    return found


def decoders(data: bytes) -> dict[str, Callable[[], Any]]:
    from PIL import Image

    from rushes.codecs import jpeg

    found: dict[str, Callable[[], Any]] = {"rushes": lambda: jpeg.decode(data)}
    if find_spec("cv2"):
        import cv2

        packed = np.frombuffer(data, np.uint8)
        found["cv2"] = lambda: cv2.imdecode(packed, cv2.IMREAD_COLOR)
    found["Pillow"] = lambda: np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return found


def ratio_claims(rounds: int, calls: int) -> list[Claim]:
    from rushes.codecs import jpeg

    found = []
    for work, target in (("encode", 1.05), ("decode", 0.8)):
        for name, array in pictures().items():
            for quality in QUALITIES:
                made = (
                    encoders(array, quality)
                    if work == "encode"
                    else decoders(jpeg.encode(array, "bgr24", quality))
                )
                found.append(
                    _ratio(f"{work}_{name}_{quality}", work, name, quality, made, target, rounds, calls)
                )
    return found


def _ratio(
    id: str,
    work: str,
    name: str,
    quality: int,
    contenders: Mapping[str, Callable[[], Any]],
    target: float,
    rounds: int,
    calls: int,
) -> Claim:
    from benchmarks._harness import Claim, ratios, take_turns

    times = take_turns(
        {each: lambda call=call: cpu_s(call, calls) for each, call in contenders.items()}, rounds
    )  # type: ignore[misc]
    values = ratios(times["rushes"], times["cv2"]) if "cv2" in times else ()
    return Claim(
        f"jpeg_{id}",
        f"JPEG {work}, {name}, quality {quality}: OpenCV",
        "×",
        values,
        target,
        parts=dict(times),
    )


def thread_claims(rounds: int, calls: int) -> list[Claim]:
    """Two threads against one, by the wall."""
    from benchmarks._harness import Claim, ratios, take_turns
    from rushes.codecs import jpeg

    photo = pictures()["photo"]
    data = jpeg.encode(photo, "bgr24", 75)
    found = []
    for work, call in (
        ("encode", lambda: jpeg.encode(photo, "bgr24", 75)),
        ("decode", lambda: jpeg.decode(data)),
    ):
        times = take_turns(
            {"one": lambda c=call: _wall(c, 2 * calls, 1), "two": lambda c=call: _wall(c, calls, 2)}, rounds
        )  # type: ignore[misc]
        title = f"JPEG {work} on two threads: one thread, the same work"
        found.append(
            Claim(
                f"threads_{work}",
                title,
                "×",
                ratios(times["one"], times["two"]),
                1.6,
                at_least=True,
                parts=dict(times),
            )
        )
    return found


def _wall(call: Callable[[], Any], calls: int, threads: int) -> float:
    def work() -> None:
        for _ in range(calls):
            call()

    team = [threading.Thread(target=work) for _ in range(threads)]
    began = time.perf_counter()
    for each in team:
        each.start()
    for each in team:
        each.join()
    return time.perf_counter() - began


def lossless_claims(rounds: int, calls: int) -> list[Claim]:
    from benchmarks._harness import Claim, ratios, take_turns
    from rushes.codecs import colour, jpeg, lossless

    page = pictures()["page"]
    planes = colour.convert(page, "bgr24", "i420")
    times = take_turns(
        {
            "qoi": lambda: cpu_s(lambda: lossless.encode_qoi(page, "bgr24"), calls),
            "png": lambda: cpu_s(lambda: lossless.encode_png(page, "bgr24"), 1),
            "jpeg of bgr24": lambda: cpu_s(lambda: jpeg.encode(page, "bgr24", 75), calls),
            "jpeg of i420": lambda: cpu_s(lambda: jpeg.encode(planes, "i420", 75), calls),
        },
        rounds,
    )
    return [
        Claim(
            "qoi_png",
            "PNG level 1 takes so many times as long as QOI",
            "×",
            ratios(times["png"], times["qoi"]),
            parts=dict(times),
        ),
        Claim(
            "jpeg_planes",
            "JPEG of i420: of bgr24",
            "×",
            ratios(times["jpeg of i420"], times["jpeg of bgr24"]),
            parts=dict(times),
        ),
    ]


def main() -> int:
    from benchmarks import _harness

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run; the figures mean nothing, nothing is kept"
    )
    parser.add_argument("--out", type=Path, help="where the JSON goes instead of results/codecs.json")
    options = parser.parse_args()
    rounds, calls = (1, 1) if options.quick else (9, 8)
    load, started = os.getloadavg()[0], time.monotonic()
    claims = [*ratio_claims(rounds, calls), *thread_claims(rounds, calls), *lossless_claims(rounds, calls)]
    record = {
        "title": "Picture codecs",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": options.quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": {
            "cv2": "opencv-python-headless" if find_spec("cv2") else "not installed",
            "Pillow": "of this project",
        },
        "claims": [claim.as_record() for claim in claims],
    }
    out = options.out or (None if options.quick else _harness.RESULTS.with_name("codecs.json"))
    if out is not None:
        _harness.save(record, out)
    for claim in claims:
        verdict = {True: "holds", False: "MISSED", None: "-"}[claim.holds]
        measured = "not measured" if claim.measured is None else f"{claim.measured:.3g} {claim.unit}"
        print(f"{verdict:7} {measured:>16}   {claim.title}")
    return 1 if any(claim.holds is False for claim in claims) and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
