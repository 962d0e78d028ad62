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
    """How many frames a second come through so many workers."""
    from benchmarks.peers.mapreduce_ours import jpeg

    ray: Any = importlib.import_module("ray")
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    picture = jpeg(kilobytes)

    glance = ray.remote(_glance)
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


if __name__ == "__main__":
    print(json.dumps(rate(**json.loads(sys.argv[2]))))
