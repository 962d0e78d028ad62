from __future__ import annotations

from rushes.stream.key_frames import KeyFrames


def test_none_is_due_that_nobody_wants() -> None:
    assert not KeyFrames().due("a", 0.0)


def test_a_wish_is_good_for_one_of_every_track() -> None:
    keys = KeyFrames()
    keys.want()
    assert [keys.due(track, 5.0) for track in ("a", "b", "a", "b")] == [True, True, False, False]
    assert not keys.due("a", 100.0)


def test_wishes_in_quick_succession_make_four_a_second_and_none_is_forgotten() -> None:
    keys = KeyFrames()
    made = []
    for tick in range(200):
        keys.want()
        if keys.due("a", tick / 100):
            made.append(tick)
    assert made == list(range(0, 200, 25))
    assert keys.due("a", 10.0)


def test_a_wish_that_came_too_early_is_fulfilled_later() -> None:
    keys = KeyFrames()
    keys.want()
    assert keys.due("a", 1.0)
    keys.want()
    assert not keys.due("a", 1.2)
    assert keys.due("a", 1.25)
