"""Small pictures along a stretch of time, for a timeline to be drawn with."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rushes.archive.fetch import read_samples
from rushes.codecs.video.bare import BareDecoder
from rushes.codecs.video.scale import resize
from rushes.errors import ArchiveCorrupt, ConfigError, DecodeError
from rushes.frame import Frame, picture_size
from rushes.jobs import JobQueue

if TYPE_CHECKING:
    from rushes.archive.fetch import Reads
    from rushes.archive.index import Index
    from rushes.archive.records import Found

__all__ = ["thumbnails"]

_LOG = logging.getLogger(__name__)
_THREADS = 2
_MOST = 10_000


def thumbnails(
    index: Index, fetch: Reads, channel: str, start_ns: int, end_ns: int, n: int, width: int = 320
) -> list[Frame]:
    """One small picture for each of ``n`` equal parts of the time from ``start_ns`` to ``end_ns``, in order.

    It is the key frame nearest to the part's middle, at most ``width`` pixels wide; where the parts are shorter
    than a group of pictures, several have the same. Parts in which nothing was recorded are left out, and those
    whose key frame is damaged. Raises ConfigError for a stretch without length, for ``n`` that is not from 1 to
    10000 and a ``width`` below 16.
    """
    if end_ns <= start_ns:
        raise ConfigError("end must be later than start", option="end")
    if not 1 <= n <= _MOST:
        raise ConfigError(f"n must be from 1 to {_MOST}, got {n}", option="n")
    if width < 16:
        raise ConfigError(f"width must be at least 16 pixels, got {width}", option="width")
    wanted = [found for turn in range(n) if (found := _part(index, channel, start_ns, end_ns, n, turn))]
    with JobQueue(_THREADS, name="thumbnails") as queue:
        handles = [
            queue.submit(_small, fetch, found, width, key=(found.segment.id, found.gop.offset))
            for found in wanted
        ]
        made = [handle.result() for handle in handles]
    return [frame for frame in made if frame is not None]


def _part(index: Index, channel: str, start_ns: int, end_ns: int, n: int, turn: int) -> Found | None:
    """The group whose key frame stands for one part; None when the part is empty."""
    length = end_ns - start_ns
    begin, end = start_ns + length * turn // n, start_ns + length * (turn + 1) // n
    last_ns = index.before(channel, end - 1)
    if last_ns is None or last_ns < begin:
        return None
    middle = (begin + end) // 2
    near = index.floor(channel, middle)
    next_ns = index.after(channel, middle if near is None else max(middle, near.gop.end_ns))
    later = None if next_ns is None else index.floor(channel, next_ns)
    both = [found for found in (near, later) if found is not None]
    return min(both, key=lambda found: abs(found.gop.samples[0].t_ns - middle), default=None)


def _small(fetch: Reads, found: Found, width: int) -> Frame | None:
    segment, key = found.segment, found.gop.samples[0]
    try:
        decoder = BareDecoder(segment.codec, segment.extradata)
        picture = decoder.last(read_samples(fetch, found, 0, 1))
    except (ArchiveCorrupt, DecodeError) as error:
        _LOG.warning("%s: no small picture of %d ns: %s", segment.channel, key.t_ns, error)
        return None
    high, wide = picture_size(picture.array.shape, picture.format)
    new_wide = min(width, wide) // 2 * 2
    new_high = max(2, round(high * new_wide / wide / 2) * 2)
    array = resize(picture.array, picture.format, new_wide, new_high) if wide > width else picture.array
    return Frame(array, key.number, captured_ns=key.t_ns, format=picture.format, channel=segment.channel)
