"""One browser for all tests in this folder, which run on its thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from rushes.server.state import ServerState
from tests.browser.browsing import Chromium, Visits
from tests.browser.station import Cards, recorded, served


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    made = Chromium()
    yield made
    made.close()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that has the browser runs on the browser's thread."""
    chromium = pyfuncitem.funcargs.get("chromium")
    if not isinstance(chromium, Chromium):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    chromium.call(partial(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Stations, which end after the pages that show them: those would complain."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def visit(chromium: Chromium, held: ExitStack) -> Iterator[Visits]:
    """Opens pages. The test fails when a console complains of what it does not expect."""
    visits = Visits(chromium)
    yield visits
    chromium.call(visits.close)
    assert not (wrong := visits.unexpected()), "\n".join(wrong)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Twenty seconds of the channels "front" and "yard", recorded a minute ago; with the moment of frame 0. "front" has
    figures, "yard" a second stretch.
    """
    return recorded(tmp_path_factory.mktemp("browser") / "archive", ("front", "yard"))


@pytest.fixture
def station(held: ExitStack, tmp_path: Path) -> Callable[..., Cards]:
    """Makes a station of these channels."""

    def make(names: Sequence[str], archive: Path | None = None) -> Cards:
        return held.enter_context(Cards(f"browser-{os.getpid()}", names, folder=tmp_path, archive=archive))

    return make


@pytest.fixture
def serve(held: ExitStack, tmp_path: Path) -> Callable[..., tuple[int, ServerState]]:
    """Serves a station; gives the port, and the state for which ``bind`` counts."""

    def begin(cards: Cards, bind: str = "127.0.0.1:0") -> tuple[int, ServerState]:
        return held.enter_context(served(cards.name, tmp_path / "data", bind=bind))

    return begin


@pytest.fixture
def cards(station: Callable[..., Cards], archive: tuple[Path, float]) -> Cards:
    """The channels "front" and "yard", of which something was recorded."""
    return station(("front", "yard"), archive[0])


@pytest.fixture
def url(cards: Cards, serve: Callable[..., tuple[int, ServerState]]) -> str:
    """Where that station is served."""
    return f"http://127.0.0.1:{serve(cards)[0]}/"
