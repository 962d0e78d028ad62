"""What each process of a station is told to do: the first line that it reads (pure)."""

from __future__ import annotations

import msgspec

__all__ = [
    "DealerTask",
    "HubTask",
    "RecorderTask",
    "SourceTask",
    "StreamerTask",
    "Task",
    "WebTask",
    "WorkerTask",
]


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every process is told when it starts: its stage's name, the depot to work on, whose child it is."""

    name: str
    depot: str
    parent: int


class SourceTask(Task, frozen=True, tag="source"):
    """Bring the frames of the source at ``uri`` into the depot as ``format``.

    ``fps`` None: as many as it gives. ``options`` are those of its kind of source.
    """

    uri: str
    format: str
    fps: float | None = None
    options: dict[str, bool | int | float | str] = {}


class RecorderTask(Task, frozen=True, tag="recorder"):
    """Record ``channels`` (name: depot) into the archive in the folder ``archive``, within its limits.

    ``starts``: the sequence up to which each channel was read by the process before this one. ``keep_s``: the channels
    whose recordings go sooner. ``figures``: the depots of what workers find in some of them. There is a depot for each
    channel, so ``depot`` is empty. ``copies`` (name: address) are recorded as what is at that address is coded, and
    have no depot here.
    """

    archive: str
    max_bytes: int | None
    channels: dict[str, str]
    starts: dict[str, int] = {}
    max_age_s: float | None = None
    min_free_bytes: int = 1 << 30
    cold: str | None = None
    keep_s: dict[str, float] = {}
    figures: dict[str, str] = {}
    copies: dict[str, str] = {}


class StreamerTask(Task, frozen=True, tag="streamer"):
    """Stream ``channels`` (name: depot), each as a track of its name, over ``endpoint``. ``keys`` and ``insecure`` as
    for any streamer; ``station`` is what it is called. ``starts`` as for the recorder.
    """

    endpoint: str
    station: str
    channels: dict[str, str]
    starts: dict[str, int] = {}
    keys: str | None = None
    insecure: bool = False


class DealerTask(Task, frozen=True, kw_only=True, tag="dealer"):
    """Deal the frames of ``channel`` newer than sequence ``start`` out to the workers of ``track`` at ``endpoint``, as
    the depot's consumer ``name``; at most ``ahead`` are under way. What they find goes into the depot ``figures``.
    """

    channel: str
    endpoint: str
    track: str
    figures: str
    start: int
    ahead: int
    keys: str | None = None
    insecure: bool = False


class WorkerTask(Task, frozen=True, kw_only=True, tag="worker"):
    """Call the function ``call`` ("package.module:function") on frames of ``track`` that are dealt out at ``endpoint``,
    each for at most ``timeout_s``, in at most ``tries`` attempts.
    """

    endpoint: str
    track: str
    call: str
    timeout_s: float
    tries: int
    depot: str = ""
    keys: str | None = None
    insecure: bool = False


class HubTask(Task, frozen=True, kw_only=True, tag="hub"):
    """Run a hub at ``bind`` ("HOST:PORT"), which programs of this machine reach at ``url``. What it stores is in
    ``folder``, at most ``max_bytes`` of it; ``keys`` is the folder with those of whom it lets in.
    """

    bind: str
    url: str
    folder: str
    max_bytes: int
    keys: str | None = None
    depot: str = ""


class WebTask(Task, frozen=True, kw_only=True, tag="web"):
    """Serve the page and the HTTP interface of ``station`` at ``bind`` ("HOST:PORT"; port 0: any free one).

    ``data`` is the station's folder, which has the tokens. ``hub``: the address of the one at which it meets other
    stations, with the folder ``keys``; empty: none. The process learns all else from the station's board.
    """

    station: str
    bind: str
    data: str
    hub: str = ""
    keys: str | None = None
    depot: str = ""
