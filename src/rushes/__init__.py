"""Bounded-memory pipelines of images and video frames.

Capture frames, share them between processes, stream them, deal them out to workers, record them and look
back, without ever losing a frame silently. Every public name can be imported from here; each loads its
module at first use, so that ``import rushes`` itself loads neither numpy nor anything else that is large.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes._native import native_status
    from rushes.archive import Archive, Recording, Span
    from rushes.capture import Recorder, open_source
    from rushes.depot import (
        ConsumerStats,
        Depot,
        DepotInfo,
        DepotStats,
        Lease,
        Loan,
        PutResult,
        list_depots,
        sweep,
    )
    from rushes.errors import (
        AccessDenied,
        ArchiveCorrupt,
        ArchiveError,
        ArchiveFull,
        BadMessage,
        ClosedError,
        CodecError,
        ConfigError,
        CorruptImage,
        DeadlineExceeded,
        DecodeError,
        DepotError,
        DepotFull,
        EncodeError,
        FrameError,
        FrameGone,
        FrameUnknown,
        JobCancelled,
        JobError,
        JobFailed,
        MissingExtra,
        NoConsumer,
        NoSuchMoment,
        PeerGone,
        QueueFull,
        RushesError,
        SegmentMismatch,
        SourceError,
        SourceLost,
        SourceUnavailable,
        UnknownName,
        UnsupportedFormat,
        WireError,
        WriterGone,
    )
    from rushes.figures import Box, Figure, Line, Polygon, Text
    from rushes.frame import Frame
    from rushes.interfaces import Source
    from rushes.jobs import Change, Handle, JobQueue, JobStats, Priority, Request, Retry, current_job
    from rushes.loader import (
        AsyncImageLoader,
        ImageLoadPriority,
        ImageLoadRequest,
        get_global_loader,
        stop_global_loader,
    )
    from rushes.shots import Shot, ShotSaver, status
    from rushes.station import Station
    from rushes.stream import (
        IMAG_L,
        IMAG_M,
        IMAG_S,
        TEST_L,
        TEST_M,
        TEST_S,
        AudioReceiver,
        AudioStreamer,
        Gap,
        Receiver,
        SendResult,
        Streamer,
        StreamStats,
        Worker,
        buffer,
        dispfps,
        display,
        loadimage,
        recv,
        send,
    )

__all__ = [
    "IMAG_L",
    "IMAG_M",
    "IMAG_S",
    "TEST_L",
    "TEST_M",
    "TEST_S",
    "AccessDenied",
    "Archive",
    "ArchiveCorrupt",
    "ArchiveError",
    "ArchiveFull",
    "AsyncImageLoader",
    "AudioReceiver",
    "AudioStreamer",
    "BadMessage",
    "Box",
    "Change",
    "ClosedError",
    "CodecError",
    "ConfigError",
    "ConsumerStats",
    "CorruptImage",
    "DeadlineExceeded",
    "DecodeError",
    "Depot",
    "DepotError",
    "DepotFull",
    "DepotInfo",
    "DepotStats",
    "EncodeError",
    "Figure",
    "Frame",
    "FrameError",
    "FrameGone",
    "FrameUnknown",
    "Gap",
    "Handle",
    "ImageLoadPriority",
    "ImageLoadRequest",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobQueue",
    "JobStats",
    "Lease",
    "Line",
    "Loan",
    "MissingExtra",
    "NoConsumer",
    "NoSuchMoment",
    "PeerGone",
    "Polygon",
    "Priority",
    "PutResult",
    "QueueFull",
    "Receiver",
    "Recorder",
    "Recording",
    "Request",
    "Retry",
    "RushesError",
    "SegmentMismatch",
    "SendResult",
    "Shot",
    "ShotSaver",
    "Source",
    "SourceError",
    "SourceLost",
    "SourceUnavailable",
    "Span",
    "Station",
    "StreamStats",
    "Streamer",
    "Text",
    "UnknownName",
    "UnsupportedFormat",
    "WireError",
    "Worker",
    "WriterGone",
    "buffer",
    "current_job",
    "dispfps",
    "display",
    "get_global_loader",
    "list_depots",
    "loadimage",
    "native_status",
    "open_source",
    "recv",
    "send",
    "status",
    "stop_global_loader",
    "sweep",
]

_HOME = {
    **dict.fromkeys(("Shot", "ShotSaver", "status"), "rushes.shots"),
    **dict.fromkeys(("Frame",), "rushes.frame"),
    **dict.fromkeys(("Station",), "rushes.station"),
    **dict.fromkeys(("Box", "Figure", "Line", "Polygon", "Text"), "rushes.figures"),
    **dict.fromkeys(
        (
            "ConsumerStats",
            "Depot",
            "DepotInfo",
            "DepotStats",
            "Lease",
            "Loan",
            "PutResult",
            "list_depots",
            "sweep",
        ),
        "rushes.depot",
    ),
    **dict.fromkeys(
        ("Change", "Handle", "JobQueue", "JobStats", "Priority", "Request", "Retry", "current_job"),
        "rushes.jobs",
    ),
    **dict.fromkeys(
        (
            "AsyncImageLoader",
            "ImageLoadPriority",
            "ImageLoadRequest",
            "get_global_loader",
            "stop_global_loader",
        ),
        "rushes.loader",
    ),
    **dict.fromkeys(("Archive", "Recording", "Span"), "rushes.archive"),
    **dict.fromkeys(
        (
            "AudioReceiver",
            "AudioStreamer",
            "Gap",
            "IMAG_L",
            "IMAG_M",
            "IMAG_S",
            "Receiver",
            "SendResult",
            "StreamStats",
            "Streamer",
            "Worker",
            "TEST_L",
            "TEST_M",
            "TEST_S",
            "buffer",
            "dispfps",
            "display",
            "loadimage",
            "recv",
            "send",
        ),
        "rushes.stream",
    ),
    "Source": "rushes.interfaces",
    "native_status": "rushes._native",
    "Recorder": "rushes.capture",
    "open_source": "rushes.capture",
}
"""Where each name lives; a public name that is not listed here is an exception and lives in
``rushes.errors``.
"""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("rushes")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME.get(name, "rushes.errors")), name)
    globals()[name] = value  # the next use finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
