"""What is posted to an event loop that is closed gathers nowhere."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable
from functools import partial

import pytest

from rushes.jobs.delivery import LoopBox
from rushes.loader.delivery import LoopDelivery


class Letter:
    """Something that can be seen to have gone."""


def _box(loop: asyncio.AbstractEventLoop) -> Callable[[Letter], None]:
    return partial(LoopBox(loop).post, print)


def _delivery(loop: asyncio.AbstractEventLoop) -> Callable[[Letter], None]:
    return partial(LoopDelivery(loop).send, "image", print)


@pytest.mark.parametrize("way", [_box, _delivery])
@pytest.mark.parametrize("closed_with_a_letter_in_it", [False, True])
def test_a_closed_loop_gathers_nothing_however_much_is_posted_to_it(
    way: Callable[[asyncio.AbstractEventLoop], Callable[[Letter], None]],
    closed_with_a_letter_in_it: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.new_event_loop()
    post = way(loop)
    if closed_with_a_letter_in_it:
        post(Letter())
    loop.close()
    kept = []
    for _ in range(3):
        letter = Letter()
        kept.append(weakref.ref(letter))
        post(letter)
        del letter
    assert [each() for each in kept] == [None] * 3
    assert [each.levelno for each in caplog.records] == [logging.WARNING] * 3
