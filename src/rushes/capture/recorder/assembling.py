"""Making one thing of recorded pictures: a video, an animation, or other pictures."""

from __future__ import annotations

import contextlib
import shutil
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from rushes.capture.recorder.spool import DATA, Spool
from rushes.errors import ConfigError, JobCancelled, unknown_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from rushes.codecs.colour import Pixels
    from rushes.lifecycle import StopToken

__all__ = ["assemble"]

_SUFFIXES = (".mp4", ".gif", ".webp")
_PICTURES = (".jpg", ".png", ".qoi", ".bmp")
_FPS = 25.0
# Pillow keeps every picture of a GIF until the last one is there.
_MOST_GIF_BYTES = 1 << 30


class _Shot(NamedTuple):
    """One picture to come: where it is, and when it was taken (None: not known)."""

    read: Callable[[], bytes]
    captured_ns: int | None


def assemble(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    fps: float | None = None,
    quality: int = 80,
    suffix: str = ".jpg",
    progress: Callable[[int, int], object] | None = None,
    cancel: StopToken | None = None,
) -> int:
    """Makes ``out`` of the pictures in the folder ``source``, a recording's spool or files; how many there were.

    ``out`` ends in ".mp4", ".gif" or ".webp", or is a folder (without a suffix) that gets a picture of each as
    ``suffix`` says. ``fps``: how fast it is played; None takes the times of the recording, or 25 where they are
    not known. ``progress(done, all)`` is called after each picture. ``out`` appears when it is whole or not at
    all; a cancel raises JobCancelled. Raises FileNotFoundError for a folder without pictures, ConfigError for
    another suffix, CorruptImage for a picture that is broken, OSError when the disk is full.
    """
    target = Path(out)
    kind = target.suffix.lower()
    if kind and kind not in _SUFFIXES:
        raise unknown_name("kind of output", kind, (*_SUFFIXES, "a folder"))
    shots = _shots(Path(source))
    if not shots:
        raise FileNotFoundError(f"there are no pictures in {source}")
    rate = fps or _rate(shots)
    fresh = target.with_name(f".{target.name}.new")
    _remove(fresh)
    try:
        pictures = _decoded(shots, progress, cancel)
        if kind == ".mp4":
            _video(fresh, pictures, shots, rate, quality, paced=fps is not None)
        elif kind:
            _animation(fresh, kind, pictures, len(shots), rate, quality)
        else:
            _folder(fresh, pictures, suffix, quality)
        fresh.replace(target)
    except BaseException:  # whatever it was: half of it must not stay
        _remove(fresh)
        raise
    return len(shots)


def _shots(folder: Path) -> list[_Shot]:
    if (folder / DATA).exists():
        spool = Spool.open(folder)
        return [_Shot(lambda each=entry: spool.load(each), entry.captured_ns) for entry in spool.entries]  # type: ignore[misc]
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (*_PICTURES, ".jpeg", ".webp"))
    return [_Shot(path.read_bytes, None) for path in files]


def _rate(shots: list[_Shot]) -> float:
    times = [shot.captured_ns for shot in shots if shot.captured_ns is not None]
    steps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return 1e9 / median(steps) if steps else _FPS


def _decoded(
    shots: list[_Shot], progress: Callable[[int, int], object] | None, cancel: StopToken | None
) -> Iterator[Pixels]:
    from rushes.codecs import still

    for done, shot in enumerate(shots, start=1):
        if cancel is not None and cancel.stopped:
            raise JobCancelled("assembling was cancelled", reason="on request")
        yield still.decode(shot.read(), "rgb24").array
        if progress is not None:
            progress(done, len(shots))


def _video(
    out: Path, pictures: Iterator[Pixels], shots: list[_Shot], rate: float, quality: int, *, paced: bool
) -> None:
    from rushes.codecs.video.writer import VideoWriter

    writer: VideoWriter | None = None
    try:
        for number, array in enumerate(pictures):
            if writer is None:
                height, width = array.shape[:2]
                writer = VideoWriter(
                    out, width, height, fps=rate, format="rgb24", quality=quality, fragmented=False
                )
            taken_ns = None if paced else shots[number].captured_ns
            writer.write(array, round(number * 1e9 / rate) if taken_ns is None else taken_ns)
    finally:
        if writer is not None:
            writer.close()


def _animation(
    out: Path, kind: str, pictures: Iterator[Pixels], count: int, rate: float, quality: int
) -> None:
    from PIL import Image

    first = next(pictures)
    if kind == ".gif" and first.nbytes * count > _MOST_GIF_BYTES:
        raise ConfigError(
            f"a GIF of {count} pictures of {first.shape[1]}x{first.shape[0]} takes {first.nbytes * count >> 20} MiB "
            "of memory to make; make a .webp or .mp4, or record fewer or smaller pictures",
            option="out",
        )
    with contextlib.closing(Image.fromarray(first)) as image:
        image.save(
            out,
            kind[1:].upper(),
            save_all=True,
            append_images=(Image.fromarray(array) for array in pictures),
            duration=round(1000 / rate),
            loop=0,
            quality=quality,
        )


def _folder(out: Path, pictures: Iterator[Pixels], suffix: str, quality: int) -> None:
    from rushes.codecs.picture import encode, suffixes

    if suffix.lower() not in suffixes():
        raise unknown_name("picture suffix", suffix, suffixes())
    out.mkdir(parents=True)
    for number, array in enumerate(pictures):
        (out / f"{number:08d}{suffix}").write_bytes(encode(array, "rgb24", suffix, quality))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
