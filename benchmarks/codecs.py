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
from functools import cache, partial
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


@cache
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

    times = take_turns({each: partial(cpu_s, call, calls) for each, call in contenders.items()}, rounds)
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
    work_of: dict[str, Callable[[], Any]] = {
        "encode": partial(jpeg.encode, photo, "bgr24", 75),
        "decode": partial(jpeg.decode, data),
    }
    for work, call in work_of.items():
        times = take_turns(
            {"one": partial(_wall, call, 2 * calls, 1), "two": partial(_wall, call, calls, 2)}, rounds
        )
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


def planes_claims(rounds: int, calls: int) -> list[Claim]:
    """A JPEG of what a camera gives, beside one of the same picture as bgr24."""
    from benchmarks._harness import Claim, ratios, take_turns
    from rushes.codecs import colour, jpeg

    found = []
    for name, array in pictures().items():
        planes = colour.convert(array, "bgr24", "i420")
        times = take_turns(
            {
                "i420": partial(cpu_s, partial(jpeg.encode, planes, "i420", 75), calls),
                "bgr24": partial(cpu_s, partial(jpeg.encode, array, "bgr24", 75), calls),
            },
            rounds,
        )
        values = ratios(times["i420"], times["bgr24"])
        title = f"JPEG encode from i420, {name}, quality 75: ours from bgr24"
        found.append(Claim(f"jpeg_planes_{name}", title, "×", values, 1.0, parts=dict(times)))
    return found


def lossless_claims(rounds: int, calls: int) -> list[Claim]:
    from benchmarks._harness import Claim, ratios, take_turns
    from rushes.codecs import lossless

    found = []
    for name, array in pictures().items():
        files = {"QOI": lossless.encode_qoi(array, "bgr24"), "PNG": lossless.encode_png(array, "bgr24")}
        times = take_turns(
            {
                "QOI encode": partial(cpu_s, partial(lossless.encode_qoi, array, "bgr24"), calls),
                "PNG encode": partial(cpu_s, partial(lossless.encode_png, array, "bgr24"), 1),
                "QOI decode": partial(cpu_s, partial(lossless.decode_qoi, files["QOI"]), calls),
                "PNG decode": partial(cpu_s, partial(lossless.decode_pillow, files["PNG"], "png"), 1),
            },
            rounds,
        )
        for work in ("encode", "decode"):
            parts = {kind: times[f"{kind} {work}"] for kind in files}
            values = ratios(parts["QOI"], parts["PNG"])
            title = f"QOI {work}, {name}: PNG of level 1"
            found.append(Claim(f"qoi_{work}_{name}", title, "×", values, parts=dict(parts)))
        sizes = [len(files["QOI"]) / len(files["PNG"])]
        found.append(Claim(f"qoi_bytes_{name}", f"Bytes of a QOI, {name}: PNG of level 1", "×", sizes))
    return found


CONVERSIONS = {
    ("bgr24", "rgb24"): "COLOR_BGR2RGB",
    ("bgra", "bgr24"): "COLOR_BGRA2BGR",
    ("bgr24", "gray8"): "COLOR_BGR2GRAY",
    ("bgr24", "i420"): "COLOR_BGR2YUV_I420",
    ("bgra", "i420"): "COLOR_BGRA2YUV_I420",
    ("i420", "bgr24"): "COLOR_YUV2BGR_I420",
}


def conversion_claims(rounds: int, calls: int) -> list[Claim]:
    from benchmarks._harness import Claim, ratios, take_turns
    from rushes.codecs import colour

    photo, found = pictures()["photo"], []
    for (source, target), code in CONVERSIONS.items():
        array = colour.convert(photo, "bgr24", source)
        contenders = {"rushes": partial(cpu_s, partial(colour.convert, array, source, target), calls)}
        if find_spec("cv2"):
            import cv2

            contenders["cv2"] = partial(cpu_s, partial(cv2.cvtColor, array, getattr(cv2, code)), calls)
        times = take_turns(contenders, rounds)
        values = ratios(times["rushes"], times["cv2"]) if "cv2" in times else ()
        title = f"{source} to {target}: OpenCV"
        found.append(Claim(f"convert_{source}_{target}", title, "×", values, parts=dict(times)))
    return found


def peers() -> dict[str, str]:
    from importlib.metadata import version

    opencv = version("opencv-python-headless") if find_spec("cv2") else "not installed"
    return {"OpenCV": opencv, "Pillow": version("pillow")}


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
    kinds = (ratio_claims, planes_claims, thread_claims, lossless_claims, conversion_claims)
    claims = [claim for kind in kinds for claim in kind(rounds, calls)]
    record = {
        "title": "Picture codecs",
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "quick": options.quick,
        "took_s": round(time.monotonic() - started, 1),
        "machine": _harness.machine(),
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "peers": peers(),
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
