"""Which frames went with their streamer."""

from __future__ import annotations

from rushes.wire.near import Frame
from rushes.wire.near_lost import Losses

S = 1_000_000_000
A, B, C = b"one", b"two", b"three"


def frames(*indices: int) -> list[Frame]:
    return [Frame(9, index, 100 + index) for index in indices]


def losses(*peers: bytes) -> Losses:
    made = Losses()
    for peer in peers:
        made.heard(peer, 0)
        made.serves(peer, "a", 5)
    return made


def gone(made: Losses, now_ns: int, *alive: bytes) -> list[int]:
    for peer in alive:
        made.heard(peer, now_ns)
    found = made.due(now_ns)
    assert {track for track, _ in found} <= {"a"}
    return [frame.index for _, frame in found]


def test_what_nobody_has_and_no_result_came_of_is_lost_once_all_have_told() -> None:
    made = losses(A, B)
    made.seen("x", "a", 9, 0)
    made.lost(A, "a", 5, frames(0, 1, 2, 3), frames(4), S)
    assert gone(made, 3 * S, A, B) == []
    made.lost(B, "a", 5, frames(0, 1, 3, 4), frames(2), S)
    assert gone(made, 3 * S, A, B) == [1, 3]
    assert gone(made, 3 * S, A, B) == []
    made.seen("y", "a", 9, 4)
    made.seen("z", "a", 9, 2)
    assert gone(made, 3 * S, A, B) == []
    assert not made.pending


def test_what_was_its_own_is_lost_with_a_worker_that_dies() -> None:
    made = losses(A, B)
    made.lost(A, "a", 5, frames(1), frames(2), S)
    made.lost(B, "a", 5, frames(1, 2), [], S)
    assert gone(made, 3 * S, A, B) == [1]
    made.gone(A)
    assert gone(made, 3 * S, B) == [2]


def test_nobody_waits_for_a_worker_that_is_silent() -> None:
    made = losses(A, B)
    made.lost(A, "a", 5, frames(1), [], S)
    assert gone(made, 3 * S, A) == [1]


def test_what_only_dead_workers_knew_of_is_told_too() -> None:
    made = losses(A)
    made.lost(A, "a", 5, frames(1), frames(2), S)
    made.gone(A)
    assert gone(made, 3 * S) == [1, 2]


def test_who_is_on_the_way_here_has_a_moment() -> None:
    made = losses(A)
    made.lost(A, "a", 5, frames(1), [], S)
    assert gone(made, S + S // 2, A) == []
    assert made.pending
    assert gone(made, 2 * S, A) == [1]


def test_a_result_that_was_put_off_is_not_here() -> None:
    made = losses(A)
    made.seen("x", "a", 9, 1)
    made.forget("x")
    made.lost(A, "a", 5, frames(1), [], S)
    assert gone(made, 3 * S, A) == [1]


def test_another_start_of_the_streamer_and_another_track_are_others_affairs() -> None:
    made = losses(A)
    made.heard(C, 3 * S)
    made.serves(C, "a", 6)
    made.serves(C, "b", 5)
    made.lost(A, "a", 5, frames(1), [], S)
    assert gone(made, 3 * S, A, C) == [1]
