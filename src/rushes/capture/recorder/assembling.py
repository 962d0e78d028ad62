"""Making one thing of recorded pictures: a video, an animation, or other pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rushes.capture.recorder.spool import DATA, Spool
from rushes.codecs.sequence import check_kind, usual_rate, write_sequence
from rushes.errors import ConfigError, JobCancelled

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from rushes.codecs.colour import Pixels
    from rushes.lifecycle import StopToken

__all__ = ["assemble"]

_PICTURES = (".jpg", ".png", ".qoi", ".bmp")


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
    overwrite: bool = False,
    progress: Callable[[int, int], object] | None = None,
    cancel: StopToken | None = None,
) -> int:
    """Makes ``out`` of the pictures in the folder ``source``, a recording's spool or files; how many there were.

    ``out`` ends in ".mp4", ".gif" or ".webp", or is a folder (without a suffix) that gets a picture of each as
    ``suffix`` says. ``fps``: how fast it is played; None takes the times of the recording, or 25 where they are
    not known. ``progress(done, all)`` is called after each picture. ``out`` appears when it is whole or not at
    all; a cancel raises JobCancelled. ``overwrite`` lets it take the place of a file. Raises FileNotFoundError for a
    folder without pictures, ConfigError for another suffix or when ``out`` is there already, FileExistsError for a
    folder with something in it, which is never replaced, CorruptImage for a picture that is broken, OSError when the
    disk is full.
    """
    check_kind(out)
    if Path(out).is_file() and not overwrite:
        raise ConfigError(f"{out} exists; give another name, or overwrite=True", option="out")
    shots = _shots(Path(source))
    if not shots:
        raise FileNotFoundError(f"there are no pictures in {source}")
    rate = fps or usual_rate([shot.captured_ns for shot in shots if shot.captured_ns is not None])
    times = [None if fps is not None else shot.captured_ns for shot in shots]
    pictures = zip(_decoded(shots, progress, cancel), times, strict=True)
    write_sequence(out, pictures, len(shots), rate=rate, quality=quality, suffix=suffix)
    return len(shots)


def _shots(folder: Path) -> list[_Shot]:
    if (folder / DATA).exists():
        spool = Spool.open(folder)
        return [_Shot(lambda each=entry: spool.load(each), entry.captured_ns) for entry in spool.entries]  # type: ignore[misc]
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (*_PICTURES, ".jpeg", ".webp"))
    return [_Shot(path.read_bytes, None) for path in files]


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
