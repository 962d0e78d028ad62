"""A station inside any program: its processes run beside it, its channels are at hand."""

from __future__ import annotations

import atexit
import importlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from rushes.clock import SYSTEM
from rushes.errors import ClosedError, ConfigError, SourceUnavailable
from rushes.lifecycle import Closeable, StopToken
from rushes.station.config import given, read
from rushes.station.config_tables import Config
from rushes.station.doors import Doors
from rushes.station.planning import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rushes.shots import ShotSaver
    from rushes.station.config import Reading
    from rushes.station.doors import StationChannel
    from rushes.station.plan import Plan
    from rushes.station.report import RunReport, Status
    from rushes.station.runner import Runner

__all__ = ["Station"]

_STEP_S = 0.2
_LOOK_S = 0.02


class Station(Closeable):
    """Runs what ``config`` says: a process for each channel's source, one that records, one for the page.

    ``config`` is data as a configuration file has it (``{"channel": [{"name": "card", "source": "testcard:"}]}``) or a
    Config. ``channels["name"]`` has the newest picture, the depot and the recordings of each; a ShotSaver takes the
    station as its ``channels``. What dies is started again; what cannot be ends the station, and the account
    that ``stop()`` gives says why.
    ``start()`` after ``stop()`` runs it anew. Any thread may call. Raises ConfigError with every mistake of the
    configuration, at once.
    """

    def __init__(self, config: Mapping[str, Any] | Config | Callable[[], Reading]) -> None:
        super().__init__()
        self._reading = config if callable(config) else lambda: given(_checked(config))
        self._plan = plan_of(self._reading())
        self.name = self._plan.station
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._doors = Doors(lambda: self._runner)

    @classmethod
    def from_config(cls, path: str | os.PathLike[str], *, sets: tuple[str, ...] = ()) -> Self:
        """The station of a configuration file; ``sets`` like "channel.front.fps=10" go before what it says."""
        return cls(lambda: read(path, sets=sets))

    @property
    def channels(self) -> Mapping[str, StationChannel]:
        """By name. None are there while it does not run. ClosedError after ``close()``."""
        self._check_open()
        return self._doors

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._runner is not None

    @property
    def url(self) -> str:
        """Where its page is; empty where there is none, or not yet."""
        page = None if self._runner is None else self._runner.page
        return "" if page is None else page.url

    @property
    def shots(self) -> ShotSaver:
        """Saves pictures of its channels, by the settings of its configuration. ClosedError while it does not run."""
        return self._doors.shots

    def start(self) -> Self:
        """Starts it; back once every channel has given its first frame, so that ``newest()`` has one. A source that is
        open and gives none is waited for for 2 s, one that is not there for 15 s: it begins when it comes, see
        :meth:`wait`.

        Does nothing when it runs. ConfigError for what cannot be had, SourceUnavailable for a source that was given up.
        """
        self._check_open()
        with self._lock:
            if self._run is not None and not self._run.over:
                return self
            run = self._run = _Run(self._plan)
        run.wait_started()
        return self

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until every channel has given a frame; False when the time was up first (None: for as long as it
        takes). ClosedError when it does not run, or ends meanwhile.
        """
        until_ns = None if timeout_s is None else SYSTEM.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            run = self._running()
            runner = run.runner
            if runner is not None and all(each.flows for each in list(runner.channels.values())):
                return True
            if until_ns is not None and SYSTEM.monotonic_ns() >= until_ns:
                return False
            SYSTEM.sleep(_LOOK_S)

    def stop(self) -> RunReport | None:
        """Ends it in good order; the account of every frame. None when it did not run."""
        with self._lock:
            run, self._run = self._run, None
        self._doors.close()
        return None if run is None else run.stop()

    def status(self) -> Status:
        """The figures of now. ClosedError when it does not run."""
        status: Status = self._call(lambda runner: runner.status())
        return status

    def reload(self) -> str:
        """Reads its configuration again and restarts what changed in it; says what that was.

        ConfigError with the reason, and everything goes on as it was, when it is wrong.
        """
        from rushes.station.reloading import follow

        plan = plan_of(self._reading(), running=self.name)
        told: str = self._call(lambda runner: follow(runner, plan))
        self._plan = plan
        return told

    def __enter__(self) -> Self:
        super().__enter__()
        return self.start()

    @property
    def _runner(self) -> Runner | None:
        return None if self._run is None else self._run.runner

    def _call(self, work: Callable[[Runner], Any]) -> Any:
        """Has it done by the thread that the processes belong to."""
        return self._running().call(work)

    def _running(self) -> _Run:
        self._check_open()
        run = self._run
        if run is None or run.over:
            raise ClosedError(f"{self.name} does not run: start it first", name=self.name)
        return run

    def _close(self) -> None:
        self.stop()


def _checked(config: Any) -> Mapping[str, Any] | Config:
    """ConfigError for what is no configuration, such as a file's name."""
    if isinstance(config, str | os.PathLike):
        raise ConfigError(
            f"a station of a file is made by Station.from_config({str(config)!r})", option="config"
        )
    if not isinstance(config, Mapping | Config):
        raise ConfigError(
            f"a station is made of a Config, or of data as a file has it, like "
            f'{{"channel": [{{"name": "card", "source": "testcard:"}}]}}, not of {config!r:.80}',
            option="config",
        )
    return config


class _Run:
    """One run, on a thread of its own: the kernel ends a process when the thread that started it ends."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.runner: Runner | None = None
        self._stop = StopToken(plan.station)
        self._started, self._calls = threading.Event(), SimpleQueue[tuple[Any, Future[Any]]]()
        self._error: BaseException | None = None
        self._report: RunReport | None = None
        self.over = False
        self._thread = threading.Thread(target=self._work, name=f"station {plan.station}", daemon=True)
        # For a program that forgets to, or dies of an error. The last to register is the first to be called: this must
        # come before what closes depots and leaves them where they are.
        importlib.import_module("rushes.depot.handles")
        atexit.register(self.stop)
        self._thread.start()

    def wait_started(self) -> None:
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def stop(self) -> RunReport | None:
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        atexit.unregister(self.stop)
        return self._report

    def call(self, work: Callable[[Runner], Any]) -> Any:
        future: Future[Any] = Future()
        self._calls.put((work, future))
        while True:
            try:
                return future.result(_STEP_S)
            except TimeoutError:
                if self.over and not future.done():
                    raise ClosedError("the station ended meanwhile", name=self._plan.station) from None

    def _work(self) -> None:
        from rushes.station.runner import Runner

        try:
            with Runner(self._plan) as runner:
                self.runner = runner
                runner.start(self._stop)
                self._error = _failure(runner)
                self._started.set()
                while not self._stop.stopped and not runner.failure:
                    runner.step(_STEP_S, self._stop)
                    self._serve(runner)
                self._report = runner.finish("stopped")
        except Exception as error:  # noqa: BLE001  whatever it was, whoever started it has to learn of it
            self._error = error
        finally:
            self.over = True
            self.runner = None
            self._started.set()

    def _serve(self, runner: Runner) -> None:
        while True:
            try:
                work, future = self._calls.get_nowait()
            except Empty:
                return
            try:
                future.set_result(work(runner))
            except Exception as error:  # noqa: BLE001  it is the caller's
                future.set_exception(error)


def _failure(runner: Runner) -> Exception | None:
    """What ended the run before it began."""
    if not runner.failure:
        return None
    wrong = any(each.wrong for each in runner.stages if each.failure)
    return ConfigError(runner.failure) if wrong else SourceUnavailable(runner.failure)
