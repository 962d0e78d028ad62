"""Share frames between processes: one draws a test card, another looks at the very same bytes.

python examples/share_frames.py [COUNT]
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from typing import TYPE_CHECKING

import rushes
from rushes.capture import Pacer, TestCard

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WIDTH, HEIGHT, FPS = 640, 360, 30


def read(depot: rushes.Depot, count: int, answer: Connection) -> None:
    """In the other process: take frames as they come."""
    ages = []
    with depot, depot.frames("oldest", name="reader") as frames:
        answer.send("ready")
        for lease in frames:
            with lease:  # while it is held, nobody can overwrite the frame
                ages.append(time.time() - lease.captured_ns / 1e9)
                brightest = int(lease.array.max())
            if len(ages) + frames.missed == count:
                break
    age_ms = sorted(ages)[len(ages) // 2] * 1000
    answer.send(f"seen {len(ages)}, missed {frames.missed}, age {age_ms:.1f} ms, brightest pixel {brightest}")


def main(count: int) -> None:
    """Draw ``count`` frames on time and print what the other process says of them."""
    card = TestCard(WIDTH, HEIGHT, FPS)
    ours, theirs = multiprocessing.Pipe()
    with rushes.Depot.create(slots=8, shape=card.shape) as depot, ours:
        reader = multiprocessing.get_context("spawn").Process(target=read, args=(depot, count, theirs))
        reader.start()
        theirs.close()
        ours.recv()  # it is ready
        pacer = Pacer(FPS, time.monotonic_ns())
        while pacer.ticks < count:
            time.sleep(pacer.wait_ns(time.monotonic_ns()) / 1e9)
            if pacer.poll(time.monotonic_ns()):
                with (
                    depot.loan() as loan
                ):  # a slot of the shared memory itself: draw into it, and it is published
                    card.draw(loan.array, pacer.ticks - 1, time.time_ns())
        print(ours.recv())
        reader.join()
        print(f"put {depot.stats().stored} frames, {pacer.skipped} skipped for lack of time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
