"""The table of measured ratios in README.md, made of the results that ``scripts/bench`` keeps.

``python -m tests.support.readme_ratios`` writes it anew, so that no figure is typed by hand. Which claims stand in it
is chosen here, by name and whether or not they hold: who compares wants to know what is slower, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- ratios: made by tests/support/readme_ratios.py -->", "<!-- end of ratios -->"


class Row(NamedTuple):
    """One claim of one benchmark, and how it is told: ``sense`` follows the figure."""

    benchmark: str
    claim: str
    what: str
    against: str
    sense: str


ROWS = (
    Row("depot", "seed", "put, read and clear a 1080p frame", "gh-frames-depot", "× the time"),
    Row("depot", "pickled", "a 1080p frame to another process", "`multiprocessing.Queue`", "× as fast"),
    Row("depot", "wake_iceoryx2", "wake a waiting reader", "iceoryx2", "× the time"),
    Row("jobs", "jobs_run", "jobs that do nothing", "`ThreadPoolExecutor`", "× as many a second"),
    Row("loader", "tiles_4_seed", "tiles of 256 × 256 by four threads", "wolfhece", "× as many a second"),
    Row("loader", "storm_pool", "the view complete after many pans", "`ThreadPoolExecutor`", "× the time"),
    Row("shots", "sooner", "a shot saved", "the old loop, made again", "× as soon"),
    Row("capture", "cpu_25_seed", "record 1080p, 25 a second", "the old worker, made again", "× the processor time"),
    Row("capture", "cpu_25_mss", "the same", "mss with OpenCV", "× the processor time"),
    Row("stream", "latency_seed", "1080p at 60 a second, `send` to array", "pystreaming", "× the latency"),
    Row("stream", "cpu_seed", "the same, both ends", "pystreaming", "× the processor time"),
    Row("stream", "latency_imagezmq", "the same, `send` to array", "imagezmq", "× the latency"),
    Row("stream", "payload_latency_bare", "messages of 500 KB", "bare pyzmq", "× the latency"),
    Row("mapreduce", "arrays_ray", "arrays of 500 KB through two workers, no hub", "Ray", "× as many a second"),
    Row("mapreduce", "through_ray", "pictures of 500 KB through two workers and a hub", "Ray", "× as many a second"),
    Row("archive", "moment_ffmpeg", "the picture of a moment, 1080p", "`ffmpeg -ss`", "× as fast"),
    Row("live", "live_glass_jpeg", "a live picture, from drawing to the page's canvas", "MJPEG", "× the latency"),
    Row("codecs", "jpeg_decode_photo_75", "decode a JPEG photo, quality 75", "OpenCV", "× the time"),
)  # fmt: skip


def table() -> str:
    """The table, with a line below it that says where and when it was measured."""
    records = {each.benchmark: _record(each.benchmark) for each in ROWS}
    lines = ["| | against | measured | target | to measure it again |", "|---|---|---|---|---|"]
    lines += [_line(each, records[each.benchmark]) for each in ROWS]
    machines = {f"{each['machine']['cpu']}, {each['machine']['cores']} cores" for each in records.values()}
    dates = sorted({each["when"] for each in records.values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return "\n".join([*lines, "", f"Measured on {' and '.join(sorted(machines))}; {when}."])


def write() -> None:
    """Puts it into the page, between its marks."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", encoding="utf-8")


def _record(benchmark: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RESULTS / f"{benchmark}.json").read_text(encoding="utf-8"))
    return record


def _line(row: Row, record: dict[str, Any]) -> str:
    claim = next(each for each in record["claims"] if each["id"] == row.claim)
    figure = "not measured" if claim["measured"] is None else f"**{_number(claim['measured'])}** {row.sense}"
    low, high = claim["spread"] or (0.0, 0.0)
    spread = "" if low == high else f" ({_number(low)} to {_number(high)})"
    sign = "≥" if claim["at_least"] else "≤"
    target = "–" if claim["target"] is None else f"{sign} {_number(claim['target'])}"
    verdict = " **missed**" if claim["holds"] is False else ""
    command = f"`scripts/bench {row.benchmark}`"
    return f"| {row.what} | {row.against} | {figure}{spread} | {target}{verdict} | {command} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    write()
