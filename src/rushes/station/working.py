"""One worker of a station: calls a function on frames, in a process of its own that may end at any time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rushes.station.messages import Ready, WorkerTask
from rushes.stream.work.worker import Worker

if TYPE_CHECKING:
    from rushes.station.child import Link

__all__ = ["work"]


def work(task: WorkerTask, link: Link) -> None:
    """Works until told to stop. ConfigError for a function that cannot be imported."""
    with Worker(
        task.endpoint, None, task.track, reqthread=1, decproc=1, keys=task.keys, insecure=task.insecure
    ) as worker:

        def end() -> None:
            link.stop.wait()
            worker.stop()

        threading.Thread(target=end, name="stop", daemon=True).start()
        link.say(Ready())
        worker.run(task.call, timeout_s=task.timeout_s, tries=task.tries)
