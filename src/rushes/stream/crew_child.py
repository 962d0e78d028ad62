"""A crew's process, seen from inside: it takes a frame, calls the function, answers, and takes the next.

The function runs on the main thread, where libraries with opinions about threads expect to be.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import signal
import socket
import sys
import traceback
from typing import TYPE_CHECKING, Any

import msgspec

from rushes.stream import parcel as parcels
from rushes.stream.calling import LOADING, outcome, resolve, to_frame
from rushes.stream.crew_pipe import (
    DONE,
    PLACED,
    RAISED,
    READY,
    SAME,
    UNFIT,
    UNSEEN,
    Reader,
    Start,
    laid_out,
    push,
)
from rushes.wire.die_with_parent import die_with_parent
from rushes.wire.near import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from rushes.stream.crew_pipe import Note
    from rushes.stream.places import Places

__all__ = ["SCRIPT", "main", "told"]

SCRIPT = "__rushes_main__"
"""The name under which the program's own file is imported here, so that what it guards by ``__main__`` stays put."""

_FRAMES = 4


def main(descriptor: int, parent: int) -> int:
    """Works for the process ``parent`` through the socket ``descriptor`` until that is closed."""
    # The parent says when to end; a terminal's Ctrl-C to the whole group would overtake it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    os.set_inheritable(descriptor, False)
    sock = socket.socket(fileno=descriptor)
    reader = Reader(sock)
    try:
        start = msgspec.msgpack.decode(_next(reader).head, type=Start)
        fn = _loaded(start, sock)
        push(sock, laid_out(READY))
        look = _Looker()
        while True:
            note = _next(reader)
            payload = look(note) if note.kind == PLACED else note.payload
            push(
                sock, laid_out(UNSEEN) if payload is None else _answer(fn, note.head, payload, start.quality)
            )
            del payload  # or its slot is kept until the next one comes
    except (EOFError, ConnectionError):
        return 0
    finally:
        sock.detach()  # its end is taken for the end of this process, so it is left to that


def told(error: BaseException) -> bytes:
    """What went wrong, first the error and then where, without this package's own part in it; at most 2000
    characters.
    """
    said = "".join(traceback.format_exception_only(error)).strip()
    places = [each for each in traceback.extract_tb(error.__traceback__) if each.filename != __file__]
    text = f"{said[: parcels.MAX_ERROR // 2]}\n{''.join(traceback.format_list(places[-_FRAMES:]))}"
    return text[: parcels.MAX_ERROR].rstrip().encode("utf-8", "replace")


def _next(reader: Reader) -> Note:
    note = reader.read()
    if note is None:
        raise EOFError  # only a socket that does not wait has nothing to give
    return note


class _Looker:
    """Gives the payloads of tasks that only name a place."""

    def __init__(self) -> None:
        self._places: Places | None = None

    def __call__(self, note: Note) -> memoryview | None:
        if self._places is None:
            from rushes.stream.places import (
                Places,
            )  # loads depots, which only those need whose work lies in one

            self._places = Places(1)
        return self._places.look(msgspec.msgpack.decode(note.payload, type=Place))


def _answer(fn: Callable[..., Any], head: Buffer, payload: Buffer, quality: int | None) -> list[memoryview]:
    try:
        parcel, message = parcels.unpack(head, payload)
        made, payload = outcome(fn(to_frame(parcel, message)), parcel, message, quality)
        head = parcels.pack(made)
    except BaseException as error:  # noqa: BLE001  sys.exit in one frame's work must not end the work on the others
        return laid_out(RAISED, told(error))
    return laid_out(SAME, head) if payload is message.payload else laid_out(DONE, head, payload)


def _loaded(start: Start, sock: socket.socket) -> Callable[..., Any]:
    try:
        return _load(start)
    except BaseException as error:  # noqa: BLE001  sys.exit while it is imported, too, is the parent's to tell
        push(sock, laid_out(UNFIT, told(error)))
        os._exit(1)  # at once: threads that the module has started would be waited for


def _load(start: Start) -> Callable[..., Any]:
    sys.path[:] = start.path
    sys.argv[:] = start.argv
    module, _, name = start.function.partition(":")
    if module != "__main__":
        return resolve(start.function)
    if start.module:
        return resolve(f"{start.module}:{name}")
    _run_script(start.script)
    return resolve(f"{SCRIPT}:{name}")


def _run_script(path: str) -> None:
    """Imports the program's file; without leaving compiled code beside it, as running it leaves none."""
    loader = importlib.machinery.SourceFileLoader(SCRIPT, path)
    spec = importlib.util.spec_from_file_location(SCRIPT, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} cannot be imported")
    module = sys.modules[SCRIPT] = importlib.util.module_from_spec(spec)
    token = LOADING.set(path)
    try:
        exec(loader.source_to_code(loader.get_data(path), path), module.__dict__)
    finally:
        LOADING.reset(token)
