"""Callbacks are called where they should be, and a broken one harms nobody."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from rushes.loader.delivery import DirectDelivery, LoopDelivery, delivery_for


def fails(image):
    raise ValueError(f"cannot show {image}")


def test_without_a_loop_the_callback_comes_at_once_on_this_thread():
    seen = []
    delivery_for(None).send("a", lambda image: seen.append((image, threading.get_ident())), "picture")
    assert seen == [("picture", threading.get_ident())]


def test_an_error_in_a_callback_is_logged_once_and_not_raised(caplog):
    DirectDelivery().send("a", fails, "picture")
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [
        (logging.ERROR, "the callback of image 'a' raised")
    ]
    assert "cannot show picture" in caplog.text


def test_with_a_loop_callbacks_come_on_its_thread_in_their_order():
    seen: list[tuple[int, int]] = []

    async def main():
        delivery = delivery_for(asyncio.get_running_loop())
        done = asyncio.Event()

        def send():
            for turn in range(100):
                delivery.send("a", lambda image: seen.append((image, threading.get_ident())), turn)
            delivery.send("last", lambda image: done.set(), None)

        sender = threading.Thread(target=send)
        sender.start()
        await done.wait()
        sender.join()

    asyncio.run(main())
    assert seen == [(turn, threading.get_ident()) for turn in range(100)]


def test_one_wake_up_brings_all_that_came_meanwhile(monkeypatch):
    loop = asyncio.new_event_loop()
    calls: list[object] = []
    wake = loop.call_soon_threadsafe

    def counted(*words: Any) -> Any:
        calls.append(words)
        return wake(*words)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    delivery = LoopDelivery(loop)
    seen: list[int] = []
    for turn in range(50):
        delivery.send("a", seen.append, turn)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert seen == list(range(50))
    assert len(calls) == 1


def test_an_error_in_one_callback_on_a_loop_leaves_the_others_and_the_loop(caplog):
    loop = asyncio.new_event_loop()
    delivery = LoopDelivery(loop)
    seen: list[int] = []
    delivery.send("broken", fails, None)
    delivery.send("whole", seen.append, 1)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert seen == [1]
    assert [each.getMessage() for each in caplog.records] == ["the callback of image 'broken' raised"]


def test_a_closed_loop_is_told_of_and_harms_nobody(caplog):
    loop = asyncio.new_event_loop()
    delivery = LoopDelivery(loop)
    loop.close()
    delivery.send("a", pytest.fail, None)
    delivery.send("b", pytest.fail, None)
    assert [each.getMessage() for each in caplog.records] == [
        "the event loop is closed; not called back for: a",
        "the event loop is closed; not called back for: b",
    ]
