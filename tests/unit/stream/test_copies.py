from __future__ import annotations

import numpy as np

from rushes.frame import Frame
from rushes.stream.copies import Copies
from tests.support.streams import picture


def test_pixels_that_may_change_are_copied_and_the_rest_is_kept() -> None:
    array = picture()
    frame, copy = Copies(2).of(Frame(array, 7, meta={"a": 1}))
    array[:] = 0
    assert copy is not None
    assert frame.array is copy
    assert np.array_equal(copy, picture())
    assert (frame.number, frame.meta) == (7, {"a": 1})


def test_memory_that_was_given_back_is_used_again_and_never_twice_at_once() -> None:
    copies = Copies(2)
    _, first = copies.of(Frame(picture()))
    _, second = copies.of(Frame(picture()))
    assert first is not None
    assert first is not second
    copies.give_back(first)
    frame, third = copies.of(Frame(picture(seed=3)))
    assert third is first
    assert np.array_equal(frame.array, picture(seed=3))


def test_what_nobody_can_write_to_is_not_copied() -> None:
    constant = np.frombuffer(picture().tobytes(), np.uint8).reshape(48, 64, 3)
    frame = Frame(constant)
    assert Copies(2).of(frame) == (frame, None)


def test_a_read_only_view_of_what_can_be_written_is_copied() -> None:
    for owner in (picture(), np.frombuffer(bytearray(48 * 64 * 3), np.uint8).reshape(48, 64, 3)):
        view = owner[:]
        view.flags.writeable = False
        assert Copies(2).of(Frame(view))[1] is not None


def test_of_pictures_of_another_size_nothing_is_kept() -> None:
    copies = Copies(2)
    _, small = copies.of(Frame(picture()))
    copies.give_back(small)
    _, large = copies.of(Frame(picture(96)))
    assert large is not None
    assert large.shape[0] == 96
    copies.give_back(large)
    assert copies.of(Frame(picture()))[1] is not small


def test_no_more_is_kept_than_allowed() -> None:
    copies = Copies(2)
    for _ in range(5):
        copies.give_back(np.empty(3, np.uint8))
    copies.give_back(None)
    assert len(copies._spare) == 2
