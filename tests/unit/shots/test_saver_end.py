"""How a saver ends, and what becomes of the shots on their way."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest

from rushes.errors import ClosedError
from rushes.shots import status
from tests.unit.shots.pictures import frame
from tests.unit.shots.test_saver import Gate, made

__all__ = ["made"]


def test_stop_ends_what_waits_and_runs(made):
    gate, told = Gate(), []
    saver = made({"gate": gate, "yard": gate}, callback=lambda *news: told.append(news))
    guids = [saver.save("gate", dt=float(number))[0] for number in range(6)]
    assert gate.asked.acquire(timeout=30)
    threading.Timer(0.1, gate.open.set).start()
    saver.stop()
    saver.stop()
    assert sorted(guid for guid, state in told if state in (status.error, status.success)) == sorted(guids)
    assert (guids[-1], status.error) in told
    for call in (saver.save, saver.get):
        with pytest.raises(ClosedError):
            call("gate")


def test_a_with_block_lets_shots_end(made, tmp_path):
    with made({"gate": lambda dt: (time.sleep(0.05), frame())[1]}) as saver:
        _, path = saver.save("gate")
    assert os.path.exists(path)

    async def main():
        async with made({"gate": lambda dt: (time.sleep(0.05), frame())[1]}) as saver:
            return saver.save("gate")[1]

    assert os.path.exists(asyncio.run(main()))


def test_a_with_block_that_fails_does_not_wait(made):
    gate = Gate()
    with pytest.raises(KeyError), made({"gate": gate}) as saver:  # noqa: PT012
        _, path = saver.save("gate")
        gate.asked.acquire(timeout=30)
        threading.Timer(0.1, gate.open.set).start()
        raise KeyError
    assert not os.path.exists(path)


def test_wait_says_when_it_was_too_short(made):
    gate = Gate()
    saver = made({"gate": gate})
    saver.save("gate")
    began = time.monotonic()
    assert not saver.wait(0.05)
    assert time.monotonic() - began >= 0.05
    gate.open.set()
    assert saver.wait(30)
