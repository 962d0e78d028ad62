"""A crew: processes that call a user's function on frames, one frame each at a time, and are replaced when they die.

Processes and not threads, because a function that hangs, crashes or holds the interpreter's lock can only be ended,
and kept from the others, in a process of its own.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from rushes.clock import SYSTEM
from rushes.codecs.jpeg import check_quality
from rushes.errors import BadMessage, ConfigError
from rushes.lifecycle import Closeable
from rushes.stream import crew_pipe
from rushes.stream.crew_desk import Desk
from rushes.stream.crew_process import CrewProcess, Task
from rushes.stream.crew_roster import Roster
from rushes.stream.crew_start import start_for
from rushes.stream.places import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from typing_extensions import Buffer

    from rushes.errors import RushesError
    from rushes.stream.crew_pipe import Note

__all__ = ["Answer", "Crew", "Died", "Done", "Raised"]

_log = logging.getLogger("rushes.stream")
_LOOK_S = 0.25  # how often to see whether a process has ended whose socket something it started holds open
_GRACE_S = 2.0
_JOIN_S = 5.0
_ANSWERS = (crew_pipe.DONE, crew_pipe.SAME, crew_pipe.RAISED)


class Done(NamedTuple):
    """The function's result, packed: a parcel's head, and its payload."""

    head: Buffer
    payload: Buffer


class Raised(NamedTuple):
    """The function raised, or returned what cannot be sent: ``text`` says what, and the last places it passed."""

    text: str


class Died(NamedTuple):
    """The process ended before it answered: its exit code, negative for a signal; ``killed`` by :meth:`Crew.kill`."""

    exit_code: int
    killed: bool


Answer = Done | Raised | Died


class Crew(Closeable):
    """``procs`` processes that call ``fn``, a function or its name "package.module:function", with a Frame.

    ``on_done(task_id, answer)`` is called once for each task, on the crew's own thread, where nothing else is
    answered meanwhile: be quick. So are ``on_idle()``, each time that :attr:`idle` has risen by one, and
    ``on_failed(error)``, once, when the function could not be had three times in a row and no process will be
    started any more (ConfigError with what its module raised, or JobFailed).

    Payloads that lie in shared memory stay there. ``quality`` is that of the JPEGs which pictures become, None sends
    them as they are.

    ConfigError for a function that no other process can find by name (lambdas, functions in functions, bound
    methods), and when made while the module of such a function is being imported.
    """

    def __init__(
        self,
        fn: Callable[..., Any] | str,
        *,
        procs: int,
        name: str,
        on_done: Callable[[Any, Answer], object],
        on_idle: Callable[[], object] | None = None,
        on_failed: Callable[[RushesError], object] | None = None,
        quality: int | None = 80,
    ) -> None:
        super().__init__()
        if type(procs) is not int or procs < 1:
            raise ConfigError(f"procs must be a whole number of at least 1, not {procs!r}", option="procs")
        if quality is not None:
            check_quality(quality)
        start = start_for(fn, quality)
        self.name, self.procs = name, procs
        self._on_done, self._on_idle, self._on_failed = on_done, on_idle, on_failed
        self._pids: tuple[int, ...] = ()
        self._desk = Desk(self._check_open)
        self._roster = Roster(msgspec.msgpack.encode(start), procs, self._watch)
        self._until_ns: int | None = None
        self._look_ns = 0
        self._failed = False
        self._ears, self._bell = socket.socketpair()
        self._ears.setblocking(False)
        self._bell.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ears, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"rushes-crew {name}", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> int:
        """How many processes wait for a frame now; 0 at first, until they have imported what they need."""
        return self._desk.idle

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes' numbers, without that of the one they come from."""
        return self._pids

    def submit(self, task_id: Hashable, head: Buffer, payload: Buffer) -> None:
        """Has a process work on a packed parcel. Neither part is copied here, so leave both as they are.

        QueueFull when no process is idle, ConfigError for an id that is being worked on and for parts that are too
        long.
        """
        sizes = memoryview(head).nbytes, memoryview(payload).nbytes
        if sizes[0] > crew_pipe.MOST_HEAD or sizes[1] > crew_pipe.MOST_PAYLOAD:
            raise ConfigError(
                f"a head of {sizes[0]} and a payload of {sizes[1]} bytes are too long for one frame"
            )
        self._desk.give(Task(task_id, head, payload))
        self._wake()

    def kill(self, task_id: Hashable) -> bool:
        """Kills the process that works on the task: its answer is Died, unless another was on its way. False when
        none works on it.
        """
        return self._desk.kill(task_id)

    def _close(self) -> None:
        """Lets each process finish its frame for at most 2 s, then kills it. Every task still gets its answer."""
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(_GRACE_S + _JOIN_S)

    def _wake(self) -> None:
        # It is ringing already when there is no room, and nobody is left to be woken when it is closed.
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    # From here on: the crew's own thread.

    def _run(self) -> None:
        try:
            while self._step():
                pass
        finally:
            for process in list(self._roster.members):
                process.kill()
                self._end(process)
            self._roster.close()
            self._selector.close()
            self._ears.close()
            self._bell.close()

    def _step(self) -> bool:
        """Waits for something to happen and deals with it; False when the crew is closed and may go."""
        self._hand_out()
        if self.closed and self._until_ns is None:
            self._until_ns = SYSTEM.monotonic_ns() + int(_GRACE_S * 1e9)
            self._roster.dismiss()
        self._fill()
        now_ns = SYSTEM.monotonic_ns()
        if self._until_ns is not None and (not self._roster.members or now_ns >= self._until_ns):
            return False
        for key, events in self._selector.select(min(_LOOK_S, self._roster.wait_s)):
            if key.data is None:
                self._ears.recv(4096)
            else:
                self._attend(key.data, events)
        if now_ns >= self._look_ns:
            self._look_ns = now_ns + int(_LOOK_S * 1e9)
            for process in list(self._roster.members):
                if process.ended():
                    self._hear(process)
                    self._end(process)
        return True

    def _hand_out(self) -> None:
        for process in self._desk.given():
            if process.task is not None:
                place = place_of(process.task.payload)
                if place is None:
                    process.say(crew_pipe.TASK, process.task.head, process.task.payload)
                else:
                    process.say(crew_pipe.PLACED, process.task.head, msgspec.msgpack.encode(place))
                self._listen(process)

    def _fill(self) -> None:
        self._roster.fill()
        self._pids = tuple(each.pid for each in self._roster.members)
        failure = self._roster.failure
        if failure is not None and not self._failed:
            self._failed = True
            _log.error("%s starts no process any more: %s", self._label(), failure)
            if self._on_failed is not None:
                self._tell(self._on_failed, failure)

    def _attend(self, process: CrewProcess, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            process.send()
        if events & selectors.EVENT_READ and not self._hear(process):
            self._end(process)
        else:
            self._listen(process)

    def _watch(self, process: CrewProcess) -> None:
        self._selector.register(process.sock, selectors.EVENT_READ, process)

    def _listen(self, process: CrewProcess) -> None:
        """Waits for room in its socket just as long as something is to go there."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if process.sending else 0)
        if self._selector.get_key(process.sock).events != events:
            self._selector.modify(process.sock, events, process)

    def _hear(self, process: CrewProcess) -> bool:
        """Takes all that the process has said; False when it will say no more."""
        try:
            while (note := process.hear()) is not None:
                self._take(process, note)
        except (EOFError, OSError):
            return False
        except BadMessage as error:  # a function that writes into descriptors it did not open
            _log.warning("a process of %s is killed: %s", self._label(), error)
            process.kill()
            return False
        return True

    def _take(self, process: CrewProcess, note: Note) -> None:
        if note.kind == crew_pipe.UNFIT:
            process.cause = note.head.decode("utf-8", "replace")
            return
        if note.kind == crew_pipe.UNSEEN and process.task is not None:
            process.say(crew_pipe.TASK, process.task.head, process.task.payload)
            self._listen(process)
            return
        if note.kind == crew_pipe.READY and not process.ready:
            self._roster.ready(process)
            self._desk.free(process)
        else:
            task = self._desk.done(process) if note.kind in _ANSWERS else None
            if task is None:
                raise BadMessage(f"a note of kind {note.kind}, to which nothing led")
            self._tell(self._on_done, task.id, _answer(note, task))
        if self._on_idle is not None and not process.doomed and not self.closed:
            self._tell(self._on_idle)

    def _end(self, process: CrewProcess) -> None:
        """Reaps the process, which has ended or is to end now, and answers for it."""
        self._selector.unregister(process.sock)
        task = self._desk.gone(process)
        code = self._roster.bury(process)
        if self._until_ns is None:
            _log.warning("a process of %s ended with exit code %s", self._label(), code)
        if task is not None:
            self._tell(self._on_done, task.id, Died(code, process.doomed))

    def _tell(self, callback: Callable[..., object], *args: object) -> None:
        try:
            callback(*args)
        except Exception:  # noqa: BLE001  whatever a callback does wrong, the other frames' answers must be told
            _log.exception("a callback of %s failed", self._label())


def _answer(note: Note, task: Task) -> Answer:
    if note.kind == crew_pipe.RAISED:
        return Raised(note.head.decode("utf-8", "replace"))
    return Done(note.head, task.payload if note.kind == crew_pipe.SAME else note.payload)
