"""What holds for every test: depots live in a folder of the session's own, and nothing may be left behind."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zmq
from hypothesis import settings

from rushes.testing import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPOTS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is collected, so that no test, and no process a test starts, sees the user's depots."""
    # One of several processes has its folder inside that of the process that started them.
    if hasattr(config, "workerinput"):
        within: str | None = os.environ["RUSHES_SHM_DIR"]
    else:
        within = "/dev/shm" if Path("/dev/shm").is_dir() else None
    place = tempfile.mkdtemp(prefix="rushes-test-", dir=within)
    config.stash[DEPOTS] = Path(place)
    os.environ["RUSHES_SHM_DIR"] = place
    # Ignored signals are inherited: by whatever nohup or a shell started in the background, and so by all that the
    # tests start and end by signals.
    for ignored, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(ignored) is signal.SIG_IGN:
            signal.signal(ignored, usual)
    # A busy machine is slow, not wrong: no example fails for the time it took.
    settings.register_profile("rushes", settings.default, deadline=None)
    settings.load_profile("rushes")


def pytest_make_parametrize_id(val: object) -> str | None:
    """A name with this process's number in it is another in each process that runs tests, which must agree on ids."""
    mine = f"-{os.getpid()}"
    return f"{val.removesuffix(mine)}-pid" if isinstance(val, str) and val.endswith(mine) else None


def pytest_collection_finish() -> None:
    """What was loaded stays: the garbage collector need not look through it whenever a test has it run."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Also after a test run that was broken off; only kill -9 leaves the folder."""
    shutil.rmtree(config.stash[DEPOTS], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def zero_copy_helper() -> None:
    """Starts pyzmq's helper for sends without a copy: it lives as long as the process, and no test has left it."""
    message = zmq.Frame(bytes(100_000), copy=False, track=True)
    tracker = message.tracker
    del message
    if tracker is not None:
        tracker.wait(5)


@pytest.fixture(scope="session")
def depot_folder(pytestconfig: pytest.Config) -> Path:
    """Where this session's depots lie."""
    return pytestconfig.stash[DEPOTS]


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, depot_folder: Path) -> Iterator[None]:
    """Fails the test that leaves a thread, a child process, an open descriptor or a depot.

    Set up before and torn down after the test's own fixtures, so what they clean up does not count. What a
    fixture of wider scope holds does not count either: pytest makes those first.
    """
    if request.node.get_closest_marker("leaky"):
        yield
        return
    before, depots = snapshot(), set(os.listdir(depot_folder))
    yield
    left = snapshot(settle_after=before).leaks_since(before)
    left += [f"depot {name}" for name in sorted(set(os.listdir(depot_folder)) - depots)]
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)
