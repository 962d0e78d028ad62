"""What the processes of a station do: bring a source's frames into a depot, read them, record them,
stream them.

This is where such a process begins; ``filling``, ``reading``, ``recording`` and ``streaming`` hold the work.
"""

from __future__ import annotations

import sys
import traceback

import msgspec

from rushes.errors import ArchiveError, ConfigError, RushesError
from rushes.station.child import Link
from rushes.station.messages import Failed, ReaderTask, RecorderTask, SourceTask, StreamerTask

__all__ = ["main"]


def main() -> int:
    """Does the task that comes as the first line of standard input; returns the exit code."""
    orders = open(0, "rb", closefd=False)  # noqa: SIM115  read for as long as the process lives
    first = orders.readline()
    if not first:
        return 1  # the parent ended before it could say what to do
    task = msgspec.json.decode(first, type=SourceTask | ReaderTask | RecorderTask | StreamerTask)
    sys.argv[0] = task.name  # by which the depot will show this process
    link = Link(task.parent, orders)
    try:
        # Each loads its own: a reader need not know how a screen is grabbed.
        if isinstance(task, SourceTask):
            from rushes.station.filling import fill

            fill(task, link)
        elif isinstance(task, RecorderTask):
            from rushes.station.recording import record_channels

            record_channels(task, link)
        elif isinstance(task, StreamerTask):
            from rushes.station.streaming import stream_channels

            stream_channels(task, link)
        else:
            from rushes.station.reading import read_frames

            read_frames(task, link)
    except Exception as error:  # noqa: BLE001  whatever it was, the parent has to learn the cause
        if not isinstance(error, RushesError):
            traceback.print_exc(file=sys.stderr)
        # The kinds below it tell of a disk or of damage; the error itself, of another writer.
        elsewhere = type(error) is ArchiveError
        wrong = elsewhere or isinstance(error, ConfigError)
        link.say_last(Failed(f"{type(error).__name__}: {error}"[:1000], wrong, elsewhere))
        return 1
    return 0
