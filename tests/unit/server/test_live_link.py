"""When a viewer is told that its link is too slow."""

from __future__ import annotations

from rushes.server.live_link import LinkWatch


def watch(
    seconds: int, fps: int, lost: int, unsent: bool, link: LinkWatch | None = None, start: int = 0
) -> list[int]:
    """At which seconds it was told."""
    link = link or LinkWatch()
    told, offered = [], start * fps
    for second in range(start, start + seconds):
        offered += fps
        for _ in range(lost):
            link.missed(unsent)
        if link.look(float(second), offered):
            told.append(second)
    return told


def test_a_link_that_does_not_let_pictures_through_is_told_once_in_a_while() -> None:
    assert watch(70, 30, 20, unsent=True) == [4, 34, 64]


def test_slow_drawing_is_no_slow_link() -> None:
    assert watch(30, 30, 25, unsent=False) == []


def test_a_few_losses_are_no_reason() -> None:
    assert watch(30, 30, 3, unsent=True) == []


def test_a_link_that_got_bad_is_told_although_it_was_good_for_long() -> None:
    link = LinkWatch()
    assert watch(60, 30, 0, unsent=True, link=link) == []
    told = watch(30, 30, 25, unsent=True, link=link, start=60)
    assert told
    assert told[0] <= 64


def test_a_channel_that_gives_nothing_is_no_reason() -> None:
    assert watch(30, 0, 0, unsent=True) == []
