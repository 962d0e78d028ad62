"""What one viewer is sent, whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.metrics import Edge
from rushes.server.live_viewer import CREDIT, LEFT, NO_KEY, PAUSED, REASONS, SLOW, Viewer
from rushes.server.live_words import About, Ack, Picture

ABOUT = About("{}")
MS = 1_000_000


def picture(number: int, *, key: bool = True, captured_ms: int = 0) -> Picture:
    return Picture(b"", number, captured_ms * MS, key, ABOUT)


def taken(viewer: Viewer) -> list[int]:
    """What can be sent now."""
    out = []
    while (each := viewer.take()) is not None:
        out.append(each.number)
    return out


def test_two_pictures_go_out_and_the_newest_waits() -> None:
    viewer = Viewer(Edge("e"))
    for number in range(5):
        viewer.offer(picture(number))
        if number < CREDIT:
            assert taken(viewer) == [number]
    assert taken(viewer) == []
    viewer.ack(Ack(0, 0))
    assert taken(viewer) == [4]
    assert viewer.dropped == {SLOW: 2}


def test_an_acknowledgement_of_the_second_is_one_of_the_first_too() -> None:
    edge = Edge("e")
    viewer = Viewer(edge)
    for number in (7, 8):
        viewer.offer(picture(number))
        viewer.take()
    viewer.ack(Ack(8, 0))
    assert (viewer.delivered, viewer.waiting) == (2, 0)
    assert edge.stats().adds_up


def test_an_acknowledgement_of_what_was_never_sent_is_none() -> None:
    viewer = Viewer(Edge("e"))
    viewer.offer(picture(1))
    viewer.take()
    assert viewer.ack(Ack(2, 0)) is None
    assert (viewer.delivered, viewer.waiting) == (0, 1)


@pytest.mark.parametrize(
    ("captured", "drawn", "age"),
    [
        (1000, 1031, 0.031),
        (2**32 - 10, 20, 0.03),
        (2**32 * 5 + 100, 90, -0.01),
        (1000, 900_000, None),
        (900_000, 1000, None),
    ],
)
def test_the_age_at_drawing_survives_the_turn_of_the_count(captured: int, drawn: int, age: float | None):
    viewer = Viewer(Edge("e"))
    viewer.offer(picture(1, captured_ms=captured))
    viewer.take()
    assert viewer.ack(Ack(1, drawn)) == (None if age is None else pytest.approx(age))


def test_numbers_beyond_32_bits_are_acknowledged_by_what_fits() -> None:
    viewer = Viewer(Edge("e"))
    viewer.offer(picture(2**32 + 5))
    viewer.take()
    viewer.ack(Ack(5, 0))
    assert viewer.delivered == 1


def test_a_stream_begins_with_a_key_frame() -> None:
    viewer = Viewer(Edge("e"), builds=True)
    assert viewer.offer(picture(0, key=False))
    assert viewer.dropped == {NO_KEY: 1}
    assert not viewer.offer(picture(1))
    assert taken(viewer) == [1]


def test_an_overflow_drops_up_to_the_next_key_frame_and_asks_for_one_when_it_can_be_taken() -> None:
    viewer = Viewer(Edge("e"), builds=True)
    for number in range(5):
        # 0 and 1 are under way, 2 waits and goes with 3, which builds upon it; 4 cannot be shown either.
        assert not viewer.offer(picture(number, key=number == 0))
        if number < CREDIT:
            taken(viewer)
    assert viewer.dropped == {SLOW: 3}
    viewer.ack(Ack(1, 0))
    assert taken(viewer) == []
    assert viewer.offer(picture(5, key=False))
    assert not viewer.offer(picture(6))
    assert taken(viewer) == [6]
    assert viewer.dropped == {SLOW: 4}


def test_a_key_frame_takes_the_place_of_what_waits() -> None:
    viewer = Viewer(Edge("e"), builds=True)
    for number in range(4):
        assert not viewer.offer(picture(number, key=number in (0, 3)))
        if number < CREDIT:
            taken(viewer)
    viewer.ack(Ack(0, 0))
    assert taken(viewer) == [3]


def test_nothing_is_sent_while_nobody_looks() -> None:
    edge = Edge("e")
    viewer = Viewer(edge)
    for number in range(3):
        viewer.offer(picture(number))
        if number < CREDIT:
            taken(viewer)
    viewer.pause()
    viewer.offer(picture(3))
    assert taken(viewer) == []
    viewer.resume()
    # What was under way may never be drawn, and must not block what comes.
    viewer.offer(picture(4))
    assert taken(viewer) == [4]
    assert viewer.dropped == {PAUSED: 2 + CREDIT}
    assert edge.stats().adds_up


def test_a_stream_goes_on_with_a_key_frame_after_a_pause() -> None:
    viewer = Viewer(Edge("e"), builds=True)
    viewer.offer(picture(0))
    viewer.pause()
    viewer.resume()
    assert viewer.offer(picture(1, key=False))
    assert not viewer.offer(picture(2))


def test_another_rendition_begins_with_its_own_key_frame() -> None:
    viewer = Viewer(Edge("e"))
    viewer.offer(picture(0))
    viewer.begin(builds=True)
    assert viewer.offer(picture(1, key=False))
    assert taken(viewer) == []


def test_one_who_leaves_takes_what_was_under_way_along() -> None:
    edge = Edge("e")
    viewer = Viewer(edge)
    for number in range(2):
        viewer.offer(picture(number))
    viewer.take()
    viewer.leave()
    stats = edge.stats()
    assert stats.waiting == 0
    assert stats.dropped[LEFT] == 1
    assert stats.adds_up


def drawing(
    viewer: Viewer, takes_s: float, way_s: float | None, pictures: int = 20, start_s: float = 0.0
) -> float:
    """Draws one picture after another, each so long; the time at the end."""
    now_s, number = start_s, 0
    under_way: list[int] = []
    for _ in range(pictures):
        while viewer.waiting <= viewer.credit:
            number += 1
            viewer.offer(picture(number))
            each = viewer.take(now_s)
            if each is None:
                break
            under_way.append(each.number)
        now_s += takes_s
        viewer.ack(Ack(under_way.pop(0), 0), now_s, way_s)
    viewer.leave()
    return now_s


def test_one_that_draws_slowly_gets_one_picture_at_a_time() -> None:
    viewer = Viewer(Edge("e"))
    now_s = drawing(viewer, 0.2, way_s=0.001)
    assert viewer.credit == 1
    drawing(viewer, 0.01, way_s=0.001, start_s=now_s)
    assert viewer.credit == CREDIT


@pytest.mark.parametrize(("takes_s", "way_s"), [(0.2, 0.15), (0.2, None), (0.03, 0.001)])
def test_a_far_an_unknown_or_a_quick_one_keeps_two_under_way(takes_s: float, way_s: float | None) -> None:
    viewer = Viewer(Edge("e"))
    drawing(viewer, takes_s, way_s)
    assert viewer.credit == CREDIT


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.booleans()),
        st.tuples(st.just("take"), st.booleans()),
        st.tuples(st.just("ack"), st.integers(0, 40)),
        st.tuples(st.sampled_from(["pause", "resume", "begin", "leave"]), st.booleans()),
    ),
    max_size=60,
)


@given(OPERATIONS, st.booleans())
def test_the_ledger_adds_up_and_memory_is_bounded_whatever_happens(operations, builds: bool) -> None:
    edge = Edge("e")
    viewer = Viewer(edge, builds=builds)
    sent: list[tuple[int, bool]] = []
    for number, (what, value) in enumerate(operations):
        if what == "offer":
            viewer.offer(picture(number, key=value))
        elif what == "take":
            each = viewer.take()
            sent += [] if each is None else [(each.number, each.key)]
        elif what == "ack":
            viewer.ack(Ack(value, 0))
        elif what == "begin":
            viewer.begin(builds=builds)
        else:
            getattr(viewer, what)()
        stats = edge.stats(waiting=viewer.waiting)
        assert stats.adds_up
        assert viewer.waiting <= CREDIT + 1
        assert set(stats.dropped) <= set(REASONS)
        assert (stats.offered, stats.delivered) == (viewer.offered, viewer.delivered)
        assert dict(stats.dropped) == viewer.dropped
    assert [number for number, _ in sent] == sorted({number for number, _ in sent})


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=80))
def test_a_decoder_never_gets_what_builds_upon_a_missing_picture(steps) -> None:
    viewer = Viewer(Edge("e"), builds=True)
    decodable = -1
    for number, (key, take, ack) in enumerate(steps):
        viewer.offer(picture(number, key=key))
        each = viewer.take() if take else None
        if each is not None:
            assert each.key or decodable == each.number - 1
            decodable = each.number
        if ack:
            viewer.ack(Ack(decodable, 0))
