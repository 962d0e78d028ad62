"""What tests of recordings share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rushes import Frame
from rushes.capture.recorder import Recorder
from rushes.codecs import still
from rushes.codecs.video.demux import MediaInput
from rushes.testing import read_card

WAIT = 30.0
SUFFIX = {"jpeg": ".jpg", "qoi": ".qoi", "png": ".png"}
EVENTS = ("frame_changed", "pixmap_saved", "capture_stopped", "capture_cancelled", "capture_finished")


def listen(recorder: Recorder) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []
    for name in EVENTS:
        recorder.on(name, lambda *values, name=name: told.append((name, *values)))
    return told


def record(source: Any, out: Path, **options: Any) -> Recorder:
    recorder = Recorder(source, out, **options)
    recorder.start()
    return recorder


def end_of(recorder: Recorder) -> Any:
    summary = recorder.wait(WAIT)
    assert summary is not None, "it did not end"
    stats = recorder.stats()
    assert stats.adds_up
    assert stats.waiting == 0
    assert summary.captured == summary.written + sum(summary.dropped.values())
    return summary


def shown(out: Path, kind: str) -> list[int]:
    """The numbers that the recorded pictures show, in their order."""
    if kind == "mp4":
        with MediaInput(out) as media:
            arrays = [Frame(each.array, format=each.format).to("bgr24").array for each in media.frames()]
    else:
        arrays = [still.decode(path.read_bytes()).array for path in sorted(out.glob(f"*{SUFFIX[kind]}"))]
    found = [read_card(array) for array in arrays]
    return [-1 if each is None else each[0] for each in found]
