"""What people write today: an mss loop into cv2.VideoWriter. ``screen_mss.py SECONDS FPS FILE``."""

from __future__ import annotations

import json
import sys
import time

import cv2
import mss
import numpy as np


def main() -> None:
    seconds, fps, path = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    with mss.MSS() as screen:
        place = screen.monitors[1]
        size = (place["width"], place["height"])
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
        period, count = 1 / fps, 0
        end = time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            shot = np.asarray(screen.grab(place))
            writer.write(cv2.cvtColor(shot, cv2.COLOR_BGRA2BGR))
            count += 1
            time.sleep(max(0.0, period - (time.monotonic() - began)))
        writer.release()
    print(json.dumps({"frames": count}))


if __name__ == "__main__":
    main()
