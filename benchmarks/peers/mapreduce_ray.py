"""The same job on Ray: JPEGs to workers that decode them, some under way at once; results are taken in order."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import deque
from typing import Any

AHEAD = 16


def rate(count: int, kilobytes: int, workers: int) -> dict[str, Any]:
    """How many JPEGs a second come through so many workers, which decode them."""
    from benchmarks.peers.mapreduce_ours import jpeg

    return _run(_glance, jpeg(kilobytes), count, workers)


def arrays(count: int, kilobytes: int, workers: int) -> dict[str, Any]:
    """How many arrays a second come through so many workers."""
    from benchmarks.peers.mapreduce_ours import noise

    return _run(_corner, noise(kilobytes), count, workers)


def _run(function: Any, picture: Any, count: int, workers: int) -> dict[str, Any]:
    ray: Any = importlib.import_module("ray")
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    glance = ray.remote(function)
    ray.get([glance.remote(picture) for _ in range(4 * workers)])
    began_s = time.monotonic()
    waiting: deque[Any] = deque()
    for _ in range(count):
        if len(waiting) == AHEAD:
            ray.get(waiting.popleft())
        waiting.append(glance.remote(picture.copy()))
    while waiting:
        ray.get(waiting.popleft())
    took_s = time.monotonic() - began_s
    ray.shutdown()
    return {"fps": count / took_s, "sent": count, "bytes": int(picture.nbytes)}


def _glance(data: Any) -> Any:
    from rushes.codecs import jpeg as codec

    return codec.decode(data)[:16, :16].copy()


def _corner(pixels: Any) -> Any:
    return pixels[:16, :16].copy()


if __name__ == "__main__":
    jobs = {"rate": rate, "arrays": arrays}
    print(json.dumps(jobs[sys.argv[1]](**json.loads(sys.argv[2]))))
