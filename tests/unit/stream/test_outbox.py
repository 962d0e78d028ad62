from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rushes.stream.outbox import Outbox, Ready
from rushes.wire.flow import Gap
from tests.support.streams import PIXEL, anything, header

REASONS = st.sampled_from(["wire", "stale"])
TRACKS = st.sampled_from("ab")


def ready(number: int, track: str = "a") -> Ready:
    return Ready(header(number, track=track), PIXEL)


def spread(items: list[Ready | Gap]) -> list[tuple[str, int, str]]:
    """Each number by itself: its track, and why it is missing, or ""."""
    out: list[tuple[str, int, str]] = []
    for item in items:
        if isinstance(item, Gap):
            out += [(item.track, number, item.reason) for number in range(item.first, item.last + 1)]
        else:
            out.append((item.header.track, item.header.number, ""))
    return out


def drain(box: Outbox) -> list[Ready | Gap]:
    items = []
    while (item := box.take(anything)) is not None:
        items.append(item)
    return items


@st.composite
def streams(draw: st.DrawFn) -> list[Ready | Gap]:
    """Frames and gaps of two tracks, as an ordering would release them."""
    following = {"a": 0, "b": 0}
    items: list[Ready | Gap] = []
    for track, reason, length in draw(
        st.lists(st.tuples(TRACKS, REASONS | st.just(""), st.integers(1, 3)), max_size=60)
    ):
        first = following[track]
        if reason:
            items.append(Gap(first, first + length - 1, reason, track))
            following[track] += length
        else:
            items.append(ready(first, track))
            following[track] += 1
    return items


@given(streams())
def test_everything_comes_out_in_order_and_touching_gaps_are_one(items: list[Ready | Gap]) -> None:
    box = Outbox()
    for item in items:
        box.put(item)
    assert box.frames == sum(isinstance(item, Ready) for item in items)
    out = drain(box)
    assert spread(out) == spread(items)
    assert box.frames == 0
    for one, other in pairwise(out):
        touching = isinstance(one, Gap) and isinstance(other, Gap) and one.last + 1 == other.first
        assert not (touching and (one.reason, one.track) == (other.reason, other.track))  # type: ignore[union-attr]


@given(streams(), TRACKS)
def test_what_is_not_wanted_stays_for_others_in_order(items: list[Ready | Gap], track: str) -> None:
    def wanted(item: Ready | Gap) -> bool:
        return (item.header.track if isinstance(item, Ready) else item.track) == track

    box = Outbox()
    for item in items:
        box.put(item)
    mine: list[Ready | Gap] = []
    while box.has(wanted):
        found = box.take(wanted)
        assert found is not None
        mine.append(found)
    assert box.take(wanted) is None
    assert spread(mine) == [each for each in spread(items) if each[0] == track]
    assert spread(drain(box)) == [each for each in spread(items) if each[0] != track]


@given(streams())
def test_outdated_frames_are_given_back_and_told_as_stale(items: list[Ready | Gap]) -> None:
    box = Outbox()
    for item in items:
        box.put(item)
    assert box.outdate() == sum(isinstance(item, Ready) for item in items)
    assert box.frames == 0
    assert spread(drain(box)) == [(track, number, why or "stale") for track, number, why in spread(items)]


def test_of_many_gaps_that_nobody_takes_the_oldest_are_forgotten_and_no_frame() -> None:
    box = Outbox()
    for number in range(0, 400, 4):
        box.put(ready(number))
        box.put(Gap(number + 1, number + 3, "wire", "a"))
    out = drain(box)
    assert [item.header.number for item in out if isinstance(item, Ready)] == list(range(0, 400, 4))
    gaps = [item for item in out if isinstance(item, Gap)]
    assert len(gaps) == 64
    assert gaps[-1] == Gap(397, 399, "wire", "a")
    assert gaps[0].first == 4 * 36 + 1


def test_gaps_of_other_tracks_reasons_or_places_are_kept_apart() -> None:
    gaps = [Gap(0, 1, "wire", "a"), Gap(2, 3, "wire", "b"), Gap(4, 4, "stale", "b"), Gap(6, 7, "stale", "b")]
    box = Outbox()
    for gap in gaps:
        box.put(gap)
    assert drain(box) == gaps
