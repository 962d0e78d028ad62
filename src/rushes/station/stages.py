"""What the processes of a station do: bring a source's frames into a depot, record them, stream
them, have functions called with them, run a hub, serve the page.

This is where such a process begins; ``filling``, ``recording``, ``streaming``, ``dealing``, ``working``,
``hosting`` and, above this layer, ``rushes.server.serving`` hold the work.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from typing import TYPE_CHECKING

import msgspec

from rushes.errors import ArchiveError, ConfigError, RushesError
from rushes.station.child import Link
from rushes.station.messages import (
    DealerTask,
    Failed,
    HubTask,
    RecorderTask,
    SourceTask,
    StreamerTask,
    WebTask,
    WorkerTask,
)
from rushes.station.trimming import keep_trim

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["main"]

_TASKS = SourceTask | RecorderTask | StreamerTask | DealerTask | WorkerTask | HubTask | WebTask
_WORK: Mapping[type, str] = {
    SourceTask: "rushes.station.filling:fill",
    RecorderTask: "rushes.station.recording:record_channels",
    StreamerTask: "rushes.station.streaming:stream_channels",
    DealerTask: "rushes.station.dealing:deal_frames",
    WorkerTask: "rushes.station.working:work",
    HubTask: "rushes.station.hosting:host_hub",
    WebTask: "rushes.server.serving:serve",
}
"""Who does which task. Looked up at the call: a recorder need not know how a screen is grabbed, and who serves stands
above this layer.
"""


def main() -> int:
    """Does the task that comes as the first line of standard input; returns the exit code."""
    orders = open(0, "rb", closefd=False)  # noqa: SIM115  read for as long as the process lives
    first = orders.readline()
    if not first:
        return 1  # the parent ended before it could say what to do
    task = msgspec.json.decode(first, type=_TASKS)
    sys.argv[0] = task.name  # by which the depot will show this process
    link = Link(task.parent, orders)
    keep_trim()
    try:
        module, _, function = _WORK[type(task)].partition(":")
        getattr(importlib.import_module(module), function)(task, link)
    except Exception as error:  # noqa: BLE001  whatever it was, the parent has to learn the cause
        if not isinstance(error, RushesError):
            traceback.print_exc(file=sys.stderr)
        # The kinds below it tell of a disk or of damage; the error itself, of another writer.
        elsewhere = type(error) is ArchiveError
        wrong = elsewhere or isinstance(error, ConfigError)
        link.say_last(Failed(f"{type(error).__name__}: {error}"[:1000], wrong, elsewhere))
        return 1
    return 0
