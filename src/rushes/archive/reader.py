"""The picture of a moment: exactly that one, or an error that says why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rushes.archive.cursors import Cursors
from rushes.clock import SYSTEM
from rushes.errors import ArchiveCorrupt, DecodeError, NoSuchMoment
from rushes.figures import from_plain
from rushes.frame import Frame
from rushes.moments import from_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.archive.fetch import Reads
    from rushes.archive.index import Index
    from rushes.archive.records import FigureSpan, Found
    from rushes.clock import Clock
    from rushes.codecs.video.media import Picture
    from rushes.figures import Figure

__all__ = ["HOLD_NS", "Reader"]

HOLD_NS = 2_000_000_000
"""So long a picture stands for what comes after it; later than that there is nothing to be shown."""

_POLL_S = 0.02
_PATIENCE_S = 3.0
# Between the look into the index and the read, a segment may go to the cold store, and from there away.
_MOVES = 2


class Reader:
    """Pictures out of an archive. Any thread.

    ``live(channel)``: whether it is being recorded here now. What was decoded is kept for what is asked next,
    within ``cache_bytes``.
    """

    def __init__(
        self,
        index: Index,
        fetch: Reads,
        live: Callable[[str], bool],
        *,
        cache_bytes: int = 96 << 20,
        clock: Clock = SYSTEM,
    ) -> None:
        self._index = index
        self._fetch = fetch
        self._live = live
        self._clock = clock
        self._cursors = Cursors(fetch, cache_bytes)

    def frame_at(self, channel: str, t_ns: int, *, exact: bool = True, figures: bool = False) -> Frame:
        """The newest picture at or before ``t_ns``; with ``exact`` False the key frame that it builds upon.

        ``figures`` fills in those of the picture's moment, and draws them. While the channel is recorded, a
        moment whose picture is not in the file yet is waited for, 3 s at most; with ``exact`` False it is not.
        Raises NoSuchMoment when nothing was recorded in the two seconds before, ArchiveCorrupt naming the file
        when its bytes are not what was written: another picture is never given instead.
        """
        if exact:
            self._await(channel, t_ns)
        found, turn = self._find(channel, t_ns, exact)
        for _ in range(_MOVES):
            try:
                return self._frame(found, turn, self._picture(found, turn), figures)
            except ArchiveCorrupt:
                earlier = found.segment
                found, turn = self._find(channel, t_ns, exact)
                if (found.segment.id, found.segment.cold) == (earlier.id, earlier.cold):
                    raise
        return self._frame(found, turn, self._picture(found, turn), figures)

    def figures_between(self, channel: str, start_ns: int, end_ns: int, n: int) -> list[FigureSpan]:
        """When any figures were shown, in at most ``n`` spans. ArchiveCorrupt for what cannot be read as figures."""
        try:
            return self._index.figures_between(channel, start_ns, end_ns, n)
        except (ValueError, TypeError, KeyError) as error:  # a ConfigError of from_plain is a ValueError
            raise _unreadable(channel, start_ns, error) from error

    def figures_at(self, channel: str, t_ns: int) -> tuple[Figure, ...]:
        """Those shown at that moment, as :meth:`figures_between`."""
        try:
            texts = [json.loads(text) for text in self._index.figures_at(channel, t_ns)]
            return tuple(from_plain(plain) for listed in texts for plain in listed)
        except (ValueError, TypeError, KeyError) as error:
            raise _unreadable(channel, t_ns, error) from error

    def clear(self) -> None:
        """Gives back the memory of what was decoded for earlier calls."""
        self._cursors.clear()

    def sweep(self, idle_s: float) -> bool:
        """The same of what nobody asked for since ``idle_s`` seconds; whether anything is left."""
        return self._cursors.sweep(idle_s)

    def _find(self, channel: str, t_ns: int, exact: bool) -> tuple[Found, int]:
        found = self._index.floor(channel, t_ns)
        if found is None:
            after_ns = self._index.after(channel, t_ns)
            raise self._nothing(channel, t_ns, None, after_ns)
        turn = newest(found, t_ns)
        shown_ns = found.gop.samples[turn].t_ns
        if t_ns - shown_ns > HOLD_NS:
            raise self._nothing(channel, t_ns, shown_ns, self._index.after(channel, t_ns))
        if exact or found.gop.samples[0].t_ns <= t_ns:
            return found, turn if exact else 0
        # Pictures shown before their own key frame belong to the one before.
        earlier = self._before(found)
        return (found, turn) if earlier is None else (earlier, 0)

    def _nothing(self, channel: str, t_ns: int, before_ns: int | None, after_ns: int | None) -> NoSuchMoment:
        near = [
            f"{word} is {from_ns(ns).isoformat()}"
            for word, ns in (("the last before", before_ns), ("the next", after_ns))
            if ns is not None
        ]
        return NoSuchMoment(
            f"{channel}: nothing was recorded at {_show(t_ns)}; " + (" and ".join(near) or "it is empty"),
            before_ns=before_ns,
            after_ns=after_ns,
            channel=channel,
        )

    def _picture(self, found: Found, turn: int) -> Picture:
        samples = found.gop.samples
        try:
            if samples[turn].t_ns < samples[0].t_ns and (earlier := self._before(found)) is not None:
                # It may build upon the group before as well.
                return self._cursors.picture(found, turn, earlier)
            return self._cursors.picture(found, turn)
        except DecodeError as error:
            raise ArchiveCorrupt(
                f"{found.segment.path} cannot be decoded at {_show(samples[turn].t_ns)}: {error}",
                path=found.segment.path,
                channel=found.segment.channel,
            ) from error

    def _before(self, found: Found) -> Found | None:
        """The group right before, of the same coding."""
        segment = found.segment
        earlier = self._index.floor(segment.channel, found.gop.t_ns - 1)
        if earlier is None or found.gop.t_ns - earlier.gop.end_ns > HOLD_NS:
            return None
        same = (earlier.segment.codec, earlier.segment.extradata) == (segment.codec, segment.extradata)
        return earlier if same else None

    def _frame(self, found: Found, turn: int, picture: Picture, figures: bool) -> Frame:
        sample, channel = found.gop.samples[turn], found.segment.channel
        frame = Frame(
            picture.array,
            sample.number,
            captured_ns=sample.t_ns,
            format=picture.format,
            channel=channel,
            figures=self.figures_at(channel, sample.t_ns) if figures else (),
        )
        return frame.draw() if frame.figures else frame

    def _await(self, channel: str, t_ns: int) -> None:
        """Until a picture later than ``t_ns`` is known, so that none before it can still be to come."""
        t_ns = min(t_ns, self._clock.wall_ns())
        until = self._clock.monotonic_ns() + round(_PATIENCE_S * 1e9)
        while self._live(channel):
            last_ns = self._index.last(channel)
            if last_ns is not None and last_ns > t_ns:
                return
            if self._clock.monotonic_ns() >= until:
                return
            self._clock.sleep(_POLL_S)


def newest(found: Found, t_ns: int) -> int:
    """Which sample of the group is shown at ``t_ns``, counted from 0 in the order of decoding."""
    samples = found.gop.samples
    return max(
        (turn for turn, sample in enumerate(samples) if sample.t_ns <= t_ns),
        key=lambda turn: (samples[turn].t_ns, turn),
    )


def _unreadable(channel: str, t_ns: int, error: Exception) -> ArchiveCorrupt:
    return ArchiveCorrupt(f"{channel}: the figures of {_show(t_ns)} cannot be read: {error}", channel=channel)


def _show(t_ns: int) -> str:
    return from_ns(t_ns).isoformat()
