"""Captures the screen while a thread of the same program computes: ``busy_capture.py SECONDS FPS``.

Prints the rate as the frames' own times tell it.
"""

from __future__ import annotations

import json
import sys
import threading

from rushes.station.feed import Feed


def main() -> None:
    seconds, fps = float(sys.argv[1]), float(sys.argv[2])
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(10_000))

    threading.Thread(target=compute, daemon=True).start()
    times = []
    with Feed("screen:", fps=fps) as feed:
        for frame in feed:
            times.append(frame.captured_ns)
            del frame
            if times[-1] - times[0] >= seconds * 1e9:
                break
        stats = feed.stats()
    stop.set()
    lost = sum(stats.dropped.values())
    print(json.dumps({"rate": (len(times) - 1) * 1e9 / (times[-1] - times[0]), "lost": lost}), flush=True)


if __name__ == "__main__":
    main()
