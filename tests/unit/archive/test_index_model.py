"""The index against a plain model of it: any order of recordings, set clocks, removals, pauses and figures."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rushes.archive.database import Database
from rushes.archive.index import Index
from rushes.archive.records import GAP_NS, Gop, Sample, Segment, Span, Usage

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
NAMES = ("door", "yard/../ä")
CHANNELS = st.sampled_from(NAMES)
# Tenths of a second: moments meet often, and a second lies between 9 and 11 of them.
OFFSETS = st.integers(-5, 400).map(lambda tenths: START + tenths * SECOND // 10)


@dataclass
class Known:
    """One segment of the model."""

    segment: Segment
    gops: list[Gop] = field(default_factory=list)
    bytes: int = 0
    closed: bool = False
    cold: str = ""


@dataclass
class Model:
    """One channel of the model: what is visible is found by looking at every picture."""

    segments: dict[int, Known] = field(default_factory=dict)
    overlaps: list[tuple[int, int, int]] = field(default_factory=list)
    figures: list[tuple[int, int, str]] = field(default_factory=list)
    gone: int | None = None
    last: int | None = None

    def visible(self) -> list[tuple[Known, Gop]]:
        """The groups that count, without their hidden pictures, in time order."""
        found = []
        for known in self.segments.values():
            newer = [each for each in self.overlaps if each[2] > known.segment.id]
            for gop in known.gops:
                if any(start <= gop.t_ns <= end for start, end, _ in newer):
                    continue
                cut = min((start for start, _, _ in newer if start > gop.t_ns), default=1 << 62)
                found.append((known, Gop(gop.offset, tuple(each for each in gop.samples if each.t_ns < cut))))
        return sorted(found, key=lambda pair: pair[1].t_ns)

    def pictures(self) -> list[int]:
        return sorted(each.t_ns for _, gop in self.visible() for each in gop.samples)

    def removed(self, id: int) -> None:
        known = self.segments.pop(id)
        end = max((each.end_ns for each in known.gops), default=known.segment.start_ns)
        self.gone = end if self.gone is None else max(self.gone, end)
        self.overlaps = [
            each
            for each in self.overlaps
            if any(id >= each[2] for id in self.segments) and any(id < each[2] for id in self.segments)
        ]


class IndexMachine(RuleBasedStateMachine):
    """Each rule does the same to both; the invariants ask both."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="index-model-")
        self.db = Database(self.folder)
        self.index = Index(self.db)
        self.models = {name: Model() for name in NAMES}
        self.open: dict[str, Known] = {}
        self.garbage: set[str] = set()
        for name in NAMES:
            self.index.channel(name)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    @rule(
        name=CHANNELS,
        after=st.integers(1, 60),
        back=st.none() | st.integers(1, 200),
        count=st.integers(1, 12),
    )
    def record(self, name: str, after: int, back: int | None, count: int) -> None:
        """One group: right behind the last one, after a pause, or with the clock set back."""
        model = self.models[name]
        pictures = model.pictures()
        last = START if model.last is None else model.last
        t_ns = last + after * SECOND // 10 if back is None else last - back * SECOND // 10
        known = self.open.get(name)
        if known is None or t_ns <= last:
            known = self._begin(name, t_ns)
        if pictures and t_ns <= pictures[-1] and t_ns <= last:
            model.overlaps.append((t_ns, pictures[-1], known.segment.id))
            self.index.add_overlap(name, t_ns, pictures[-1], known.segment.id)
        step = 0
        samples = []
        for at in range(count):
            samples.append(Sample(t_ns + step, at if at % 5 else None, 100 + at, at))
            step += SECOND // 10 * (1 + 7 * (at % 4 == 3) + 15 * (at == 9))
        gop = Gop(known.bytes + 24, tuple(samples))
        known.bytes = gop.offset + gop.length
        figures = [(gop.t_ns, gop.end_ns, f"{name} {gop.t_ns}")]
        self.index.add_gop(known.segment, gop, bytes=known.bytes, figures=figures)
        known.gops.append(gop)
        model.figures += figures
        model.last = gop.end_ns

    def _begin(self, name: str, t_ns: int) -> Known:
        self.end(name)
        known = Known(self.index.open_segment(name, t_ns, "h264", 64, 48, 10.0))
        self.open[name] = known
        self.models[name].segments[known.segment.id] = known
        return known

    @rule(name=CHANNELS)
    def end(self, name: str) -> None:
        known = self.open.pop(name, None)
        if known is not None:
            known.closed = True
            self.index.close_segment(known.segment.id, bytes=known.bytes)

    @rule(name=CHANNELS, which=st.integers(0, 20), oldest=st.booleans())
    def remove(self, name: str, which: int, oldest: bool) -> None:
        model = self.models[name]
        closed = [id for id, each in model.segments.items() if each.closed]
        if closed:
            id = closed[0 if oldest else which % len(closed)]
            known = model.segments[id]
            path = self.index.remove_segment(id)
            assert path == known.segment.path
            if not known.cold:
                self.garbage.add(path)
            else:
                assert (path, known.cold) in self.index.cold_garbage()
            model.removed(id)

    @precondition(lambda self: self.garbage)
    @rule()
    def sweep(self) -> None:
        for path in self.index.garbage():
            self.index.forget_garbage(path)
        self.garbage.clear()

    @rule(name=CHANNELS, which=st.integers(0, 20), at=st.integers(0, 5))
    def lose(self, name: str, which: int, at: int) -> None:
        """What a recovery does to a segment that was cut off."""
        segments = list(self.models[name].segments.values())
        if segments and (known := segments[which % len(segments)]).gops:
            offset = known.gops[at % len(known.gops)].offset
            left = [each for each in known.gops if each.offset < offset]
            assert self.index.drop_gops(known.segment.id, offset) == len(known.gops) - len(left)
            known.gops = left

    @rule(name=CHANNELS, which=st.integers(0, 20))
    def move(self, name: str, which: int) -> None:
        closed = [each for each in self.models[name].segments.values() if each.closed and not each.cold]
        if closed:
            known = closed[which % len(closed)]
            known.cold = f"key/{known.segment.id}"
            self.index.to_cold(known.segment.id, known.cold)
            self.garbage.add(known.segment.path)

    @rule(name=CHANNELS, start=OFFSETS, length=st.sampled_from([0, 1, SECOND, 90 * SECOND, 10**7 * SECOND]))
    def show(self, name: str, start: int, length: int) -> None:
        text = f"{name} shown {start} {length}"
        self.index.add_figures(name, start, start + length, text)
        self.models[name].figures.append((start, start + length, text))

    @rule()
    def forget_figures(self) -> None:
        count = 0
        for model in self.models.values():
            starts = [
                min([each.segment.start_ns, *(gop.t_ns for gop in each.gops)])
                for each in model.segments.values()
            ]
            oldest = min(starts, default=model.gone + 1 if model.gone is not None else -(1 << 62))
            kept = [each for each in model.figures if each[1] >= oldest]
            count += len(model.figures) - len(kept)
            model.figures = kept
        assert self.index.prune_figures() == count

    @rule()
    def reopen(self) -> None:
        self.db.close()
        self.db = Database(self.folder)
        self.index = Index(self.db)

    @rule(name=CHANNELS, t_ns=OFFSETS)
    def ask(self, name: str, t_ns: int) -> None:
        model = self.models[name]
        pictures = model.pictures()
        assert self.index.before(name, t_ns) == max((each for each in pictures if each <= t_ns), default=None)
        assert self.index.after(name, t_ns) == min((each for each in pictures if each > t_ns), default=None)
        found = self.index.floor(name, t_ns)
        wanted = [pair for pair in model.visible() if pair[1].t_ns <= t_ns]
        if not wanted:
            assert found is None
        else:
            assert found is not None
            assert (found.segment.id, found.gop) == (wanted[-1][0].segment.id, wanted[-1][1])
        shown = [text for start, end, text in model.figures if start <= t_ns <= end]
        assert self.index.figures_at(name, t_ns) == shown

    @rule(name=CHANNELS, a=OFFSETS, b=OFFSETS, gap=st.sampled_from([0, SECOND // 10, SECOND, 2 * SECOND]))
    def look(self, name: str, a: int, b: int, gap: int) -> None:
        start, end = min(a, b), max(a, b)
        model = self.models[name]
        inside = [each for each in model.pictures() if start <= each <= end]
        assert self.index.spans(name, start, end, gap) == runs(inside, gap)
        wanted = [
            (known.segment.id, gop)
            for known, gop in model.visible()
            if any(start <= each.t_ns <= end for each in gop.samples)
        ]
        assert [(found.segment.id, found.gop) for found in self.index.gops(name, start, end)] == wanted

    @invariant()
    def same_gaps(self) -> None:
        for name, model in getattr(self, "models", {}).items():
            with self.db.reading() as connection:
                query = "SELECT start_ns, end_ns FROM gap WHERE channel_id = ? ORDER BY start_ns"
                rows = connection.execute(query, (self.index.channel(name),)).fetchall()
            wanted = [pair for pair in pairwise(model.pictures()) if pair[1] - pair[0] > GAP_NS]
            assert rows == wanted, name

    @invariant()
    def same_segments(self) -> None:
        if not hasattr(self, "models"):
            return
        every = [each for model in self.models.values() for each in model.segments.values()]
        every.sort(key=lambda each: each.segment.id)
        assert [
            (each.id, each.bytes, each.state == "closed", each.cold) for each in self.index.segments()
        ] == [(each.segment.id, each.bytes, each.closed, each.cold) for each in every]
        for known in every:
            assert [found.gop for found in self.index.segment_gops(known.segment.id)] == known.gops
        local, cold = ([each for each in every if bool(each.cold) is far] for far in (False, True))
        sizes = (len(local), sum(each.bytes for each in local), len(cold), sum(each.bytes for each in cold))
        assert self.index.usage() == Usage(*sizes)
        assert set(self.index.garbage()) == self.garbage
        assert [each.id for each in self.index.oldest_closed(3)] == [
            each.segment.id for each in every if each.closed and not each.cold
        ][:3]


def runs(pictures: list[int], gap: int) -> list[Span]:
    found: list[Span] = []
    for t_ns in pictures:
        if found and t_ns - found[-1].end_ns <= gap:
            found[-1] = Span(found[-1].start_ns, t_ns)
        else:
            found.append(Span(t_ns, t_ns))
    return found


TestIndex = IndexMachine.TestCase
TestIndex.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
