"""Every exception of the project, in one tree with one root.

::

    RushesError
    ├─ ConfigError (ValueError)
    │  ├─ UnknownName (LookupError)
    │  └─ MissingExtra (ImportError)
    ├─ ClosedError
    ├─ DeadlineExceeded (TimeoutError)
    ├─ FrameError (ValueError)
    ├─ DepotError
    │  ├─ DepotFull
    │  ├─ FrameGone (LookupError)
    │  ├─ FrameUnknown (LookupError)
    │  ├─ SegmentMismatch
    │  ├─ WriterGone
    │  └─ NoConsumer
    ├─ JobError
    │  ├─ JobCancelled
    │  ├─ JobFailed
    │  └─ QueueFull
    ├─ CodecError (ValueError)
    │  ├─ EncodeError
    │  └─ DecodeError
    │     ├─ CorruptImage
    │     └─ UnsupportedFormat
    ├─ SourceError (OSError)
    │  ├─ SourceUnavailable
    │  └─ SourceLost
    ├─ WireError
    │  ├─ BadMessage
    │  ├─ PeerGone (ConnectionError)
    │  └─ AccessDenied
    └─ ArchiveError
       ├─ NoSuchMoment (LookupError)
       ├─ ArchiveFull (OSError)
       └─ ArchiveCorrupt

Each takes one positional message; everything else is a keyword with a default and becomes an attribute.
That form is what lets an error cross processes: pickle calls the class with the message alone and restores
the attributes after it, while a constructor with required arguments fails to unpickle, which inside a
worker pool looks like a hang.

Each docstring says whose mistake it is and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AccessDenied",
    "ArchiveCorrupt",
    "ArchiveError",
    "ArchiveFull",
    "BadMessage",
    "ClosedError",
    "CodecError",
    "ConfigError",
    "CorruptImage",
    "DeadlineExceeded",
    "DecodeError",
    "DepotError",
    "DepotFull",
    "EncodeError",
    "FrameError",
    "FrameGone",
    "FrameUnknown",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "MissingExtra",
    "NoConsumer",
    "NoSuchMoment",
    "PeerGone",
    "QueueFull",
    "RushesError",
    "SegmentMismatch",
    "SourceError",
    "SourceLost",
    "SourceUnavailable",
    "UnknownName",
    "UnsupportedFormat",
    "WireError",
    "WriterGone",
]


class RushesError(Exception):
    """Root of every error raised on purpose by this project: catch it to catch them all."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class ConfigError(RushesError, ValueError):
    """The caller's mistake: an option or setting that cannot be used; the message names the remedy.

    ``option`` is the name of the setting, ``where`` its place (``file:line``), each empty when there is none.
    """

    def __init__(self, message: str, *, option: str = "", where: str = "") -> None:
        super().__init__(message)
        self.option = option
        self.where = where


class UnknownName(ConfigError, LookupError):
    """The caller's mistake: no such codec, source, engine, format or channel. Use one of ``known``.

    ``suggestion`` is the nearest known name, empty when none is near.
    """

    def __init__(
        self, message: str, *, name: str = "", known: Iterable[str] = (), suggestion: str = ""
    ) -> None:
        super().__init__(message)
        self.name = name
        self.known = tuple(known)
        self.suggestion = suggestion


class MissingExtra(ConfigError, ImportError):
    """The installation's lack: an optional package is not there. Install ``rushes[extra]``.

    ``name`` is the module that could not be imported.
    """

    def __init__(self, message: str, *, extra: str = "", name: str = "") -> None:
        super().__init__(message)
        self.extra = extra
        self.name = name


class ClosedError(RushesError):
    """The caller's mistake: the object named ``name`` was used after its close. Open a new one."""

    def __init__(self, message: str, *, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class DeadlineExceeded(RushesError, TimeoutError):
    """Nobody's mistake: something took longer than the ``timeout_s`` seconds given.

    Wait longer or give it up.
    """

    def __init__(self, message: str, *, timeout_s: float | None = None) -> None:
        super().__init__(message)
        self.timeout_s = timeout_s


class FrameError(RushesError, ValueError):
    """The caller's or the sender's mistake: pixels that do not fit the format they claim.

    Their ``shape``, ``dtype`` or size is another than the ``format`` asks for, as the message says.
    """

    def __init__(
        self, message: str, *, shape: tuple[int, ...] | None = None, dtype: str = "", format: str = ""
    ) -> None:
        super().__init__(message)
        self.shape = shape
        self.dtype = dtype
        self.format = format


class DepotError(RushesError):
    """Something about the shared-memory depot named ``depot``; each kind below says what."""

    def __init__(self, message: str, *, depot: str = "") -> None:
        super().__init__(message)
        self.depot = depot


class DepotFull(DepotError):
    """No slot can be given now; ``reason`` is "full", "leased", "no consumer" or "timeout".

    Nobody's mistake: release leases, give the depot more slots, wait longer, or choose another ``when_full``.
    """

    def __init__(self, message: str, *, reason: str = "", depot: str = "") -> None:
        super().__init__(message, depot=depot)
        self.reason = reason


class FrameGone(DepotError, LookupError):
    """The frame was there and has been evicted or cleared: the reader came too late. Take a newer one."""

    def __init__(
        self, message: str, *, number: int | None = None, sequence: int | None = None, depot: str = ""
    ) -> None:
        super().__init__(message, depot=depot)
        self.number = number
        self.sequence = sequence


class FrameUnknown(DepotError, LookupError):
    """No such frame was ever published here: the caller's mistake, or asked too early."""

    def __init__(
        self, message: str, *, number: int | None = None, sequence: int | None = None, depot: str = ""
    ) -> None:
        super().__init__(message, depot=depot)
        self.number = number
        self.sequence = sequence


class SegmentMismatch(DepotError):
    """The shared memory found is not what is needed: other version, geometry or dtype, or no depot at all.

    Nobody else's data is touched. Use the other side's version, another name, or remove the stale depot.
    """

    def __init__(self, message: str, *, expected: str = "", found: str = "", depot: str = "") -> None:
        super().__init__(message, depot=depot)
        self.expected = expected
        self.found = found


class WriterGone(DepotError):
    """The other side's fate: the only writer died and no frame newer than ``sequence`` is left (-1: it died before
    the first one).

    Attach anew later.
    """

    def __init__(self, message: str, *, sequence: int | None = None, depot: str = "") -> None:
        super().__init__(message, depot=depot)
        self.sequence = sequence


class NoConsumer(DepotError):
    """A lossless put has nobody to wait for.

    Start a lossless consumer first, or choose another ``when_full``.
    """


class JobError(RushesError):
    """Something about the piece of work known by ``key``; each kind below says what."""

    def __init__(self, message: str, *, key: object = None) -> None:
        super().__init__(message)
        self.key = key


class JobCancelled(JobError):
    """Nobody's mistake: the work was cancelled on request, for ``reason``; there is no result."""

    def __init__(self, message: str, *, reason: str = "", key: object = None) -> None:
        super().__init__(message, key=key)
        self.reason = reason


class JobFailed(JobError):
    """The work's own process died before it answered.

    ``exit_code`` is what the system reports; a negative one is the signal that ended it.

    An exception raised by the work itself is never wrapped in this one.
    """

    def __init__(self, message: str, *, exit_code: int | None = None, key: object = None) -> None:
        super().__init__(message, key=key)
        self.exit_code = exit_code


class QueueFull(JobError):
    """The queue holds its ``limit`` of waiting work and refused more.

    Submit slower, or choose another ``when_full``.
    """

    def __init__(self, message: str, *, limit: int | None = None, key: object = None) -> None:
        super().__init__(message, key=key)
        self.limit = limit


class CodecError(RushesError, ValueError):
    """Pixels could not be packed or unpacked; ``format`` names the coding ("jpeg", "png", …)."""

    def __init__(self, message: str, *, format: str = "") -> None:
        super().__init__(message)
        self.format = format


class EncodeError(CodecError):
    """The encoder refused these pixels or settings: change them as the message says."""


class DecodeError(CodecError):
    """The bytes could not be turned into pixels; each kind below says why."""


class CorruptImage(DecodeError):
    """The sender's or the disk's mistake: the bytes are broken or cut off. Fetch them again."""


class UnsupportedFormat(DecodeError):
    """The bytes are sound but of a kind that is not read here; the message lists what is."""


class SourceError(RushesError, OSError):
    """Something about the source at ``uri``; each kind below says what."""

    def __init__(self, message: str, *, uri: str = "") -> None:
        super().__init__(message)
        self.uri = uri


class SourceUnavailable(SourceError):
    """The machine's or the device's lack: the source cannot be opened now.

    Check that it exists, then try again.
    """


class SourceLost(SourceError):
    """The source gave frames and then stopped giving them; ``number`` is the last one seen. Open it again."""

    def __init__(self, message: str, *, number: int | None = None, uri: str = "") -> None:
        super().__init__(message, uri=uri)
        self.number = number


class WireError(RushesError):
    """Something about the connection at ``endpoint``; each kind below says what."""

    def __init__(self, message: str, *, endpoint: str = "") -> None:
        super().__init__(message)
        self.endpoint = endpoint


class BadMessage(WireError):
    """The peer's mistake: a message that cannot be read.

    It was refused and counted; nothing else was disturbed.
    """


class PeerGone(WireError, ConnectionError):
    """The other side's fate: it closed or died. Connect again, or wait for it to come back."""


class AccessDenied(WireError):
    """One side does not accept the other's keys: check ``keys=`` at both ends."""


class ArchiveError(RushesError):
    """Something about the recordings of ``channel``; each kind below says what."""

    def __init__(self, message: str, *, channel: str = "") -> None:
        super().__init__(message)
        self.channel = channel


class NoSuchMoment(ArchiveError, LookupError):
    """Nothing was recorded at that time; ``before_ns`` and ``after_ns`` (UTC) are the nearest that were.

    Each is None where there is none on that side. Ask for one of them, or show the hole for what it is.
    """

    def __init__(
        self, message: str, *, before_ns: int | None = None, after_ns: int | None = None, channel: str = ""
    ) -> None:
        super().__init__(message, channel=channel)
        self.before_ns = before_ns
        self.after_ns = after_ns


class ArchiveFull(ArchiveError, OSError):
    """The machine's lack: no room for more within the budget. Free ``needed_bytes`` or raise the limit."""

    def __init__(
        self,
        message: str,
        *,
        needed_bytes: int | None = None,
        free_bytes: int | None = None,
        channel: str = "",
    ) -> None:
        super().__init__(message, channel=channel)
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class ArchiveCorrupt(ArchiveError):
    """The disk's or the last crash's doing: a file at ``path`` or its index cannot be trusted.

    Verify the archive.
    """

    def __init__(self, message: str, *, path: str = "", channel: str = "") -> None:
        super().__init__(message, channel=channel)
        self.path = path


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownName:
    """The error for a ``name`` that is none of the ``known`` ones: lists them, suggests the nearest."""
    import difflib  # only wanted on the way to an error; not worth its time at every start

    names = tuple(known)
    given = str(name)
    by_fold = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(given.casefold(), by_fold, n=1)
    suggestion = by_fold[near[0]] if near else ""
    hint = f" (did you mean {suggestion!r}?)" if suggestion else ""
    listed = ", ".join(repr(each) for each in names) or "none"
    return UnknownName(
        f"no {kind} named {given!r}{hint}; known: {listed}", name=given, known=names, suggestion=suggestion
    )
