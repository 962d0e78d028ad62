"""A program with a hub, to be killed: ``python -m tests.support.nats_hub_child FOLDER [fork]``.

Says the process id of its server on a line, and with ``fork`` that of a child of its own, which outlives it.
"""

from __future__ import annotations

import os
import sys
import time

from rushes.wire.endpoint import parse
from rushes.wire.hub import Hub


def main(folder: str, *options: str) -> None:
    running = Hub(parse("tcp://127.0.0.1:0"), folder=folder)
    words = [running.stats().pid]
    if "fork" in options:
        child = os.fork()
        if child == 0:
            # Its descriptor of the lock must not count, nor its close.
            running.close()
            time.sleep(600)
            os._exit(0)
        words.append(child)
    print(*words, flush=True)
    sys.stdin.readline()
    running.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
