"""Pictures one after the other made into one thing: a video, an animation, or a folder of pictures."""

from __future__ import annotations

import contextlib
import errno
import shutil
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from rushes.codecs.colour import Pixels

    Timed = tuple[Pixels, int | None]

__all__ = ["check_kind", "fresh_name", "remove", "usual_rate", "write_sequence"]

_SUFFIXES = (".mp4", ".gif", ".webp")
_FPS = 25.0
# Pillow keeps every picture of a GIF until the last one is there.
_MOST_GIF_BYTES = 1 << 30


def check_kind(out: str | os.PathLike[str]) -> str:
    """The suffix of ``out`` in small letters, "" for a folder; UnknownName for one that cannot be made."""
    kind = Path(out).suffix.lower()
    if kind and kind not in _SUFFIXES:
        raise unknown_name("kind of output", kind, (*_SUFFIXES, "a folder"))
    return kind


def usual_rate(times: Sequence[int]) -> float:
    """Pictures a second by the steps between these moments; 25 where they do not tell."""
    steps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return 1e9 / median(steps) if steps else _FPS


def write_sequence(
    out: str | os.PathLike[str],
    pictures: Iterable[Timed],
    count: int,
    *,
    rate: float,
    quality: int = 80,
    suffix: str = ".jpg",
    format: str = "rgb24",
) -> None:
    """Makes ``out`` of ``pictures``, each an array in ``format`` and its moment in nanoseconds.

    ``out`` ends in ".mp4", ".gif" or ".webp", or is a folder (without a suffix) that gets a picture of each as
    ``suffix`` says. ``count``: how many there will be at most. A moment that is None is the picture's turn at
    ``rate``; an animation goes by ``rate`` alone. ``out`` appears when it is whole or not at all, whatever
    ``pictures`` raises. UnknownName for another suffix, ConfigError for a GIF that would take too much memory
    or no picture at all, FileExistsError for a folder that is not empty, OSError when the disk is full.
    """
    kind = check_kind(out)
    target = Path(out)
    if target.is_dir() and (kind or any(target.iterdir())):
        raise FileExistsError(
            errno.EEXIST, "there is a folder of this name, with something in it", str(target)
        )
    fresh = fresh_name(target)
    remove(fresh)
    each = iter(pictures)
    try:
        if kind == ".mp4":
            _video(fresh, each, rate, quality, format)
        elif kind:
            _animation(fresh, kind, _as_rgb(each, format), count, rate, quality)
        else:
            _folder(fresh, each, suffix, quality, format)
        fresh.replace(target)
    except BaseException:  # whatever it was: half of it must not stay
        remove(fresh)
        raise


def fresh_name(target: Path) -> Path:
    """Where something is made that is to become ``target``: hidden, in the same folder."""
    return target.with_name(f".{target.name}.new")


def remove(path: Path) -> None:
    """Deletes the file or the whole folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _video(out: Path, pictures: Iterator[Timed], rate: float, quality: int, format: str) -> None:
    from rushes.codecs.video.writer import VideoWriter
    from rushes.frame import picture_size

    first, taken_ns = _first(pictures)
    height, width = picture_size(first.shape, format)
    with VideoWriter(
        out, width, height, fps=rate, format=format, quality=quality, fragmented=False
    ) as writer:
        writer.write(first, 0 if taken_ns is None else taken_ns)
        for turn, (array, moment) in enumerate(pictures, start=1):
            writer.write(array, round(turn * 1e9 / rate) if moment is None else moment)


def _animation(
    out: Path, kind: str, pictures: Iterator[Timed], count: int, rate: float, quality: int
) -> None:
    from PIL import Image

    first, _ = _first(pictures)
    if kind == ".gif" and first.nbytes * count > _MOST_GIF_BYTES:
        raise ConfigError(
            f"a GIF of {count} pictures of {first.shape[1]}x{first.shape[0]} takes {first.nbytes * count >> 20} MiB "
            "of memory to make; make a .webp or .mp4, or of fewer or smaller pictures",
            option="out",
        )
    with contextlib.closing(Image.fromarray(first)) as image:
        image.save(
            out,
            kind[1:].upper(),
            save_all=True,
            append_images=(Image.fromarray(array) for array, _ in pictures),
            duration=round(1000 / rate),
            loop=0,
            quality=quality,
        )


def _folder(out: Path, pictures: Iterator[Timed], suffix: str, quality: int, format: str) -> None:
    from rushes.codecs.picture import encode, suffixes

    if suffix.lower() not in suffixes():
        raise unknown_name("picture suffix", suffix, suffixes())
    out.mkdir(parents=True)
    for number, (array, _) in enumerate(pictures):
        (out / f"{number:08d}{suffix}").write_bytes(encode(array, format, suffix, quality))


def _first(pictures: Iterator[Timed]) -> Timed:
    first = next(pictures, None)
    if first is None:
        raise ConfigError("there is no picture to make anything of", option="pictures")
    return first


def _as_rgb(pictures: Iterator[Timed], format: str) -> Iterator[Timed]:
    if format == "rgb24":
        yield from pictures
        return
    from rushes.codecs.video.scale import convert

    for array, moment in pictures:
        yield convert(array, format, "rgb24"), moment
