"""Every test of a depot runs over both cores."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rushes import Depot

CORES = ("native", "pure")


@pytest.fixture
def place(depot_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of depots of the test's own; it must be empty again at the end."""
    folder = Path(tempfile.mkdtemp(dir=depot_folder))
    monkeypatch.setenv("RUSHES_SHM_DIR", str(folder))
    yield folder
    left = sorted(path.name for path in folder.iterdir())
    shutil.rmtree(folder)
    assert left == [], "depots were left behind"


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, place: Path) -> str:
    """The kind of core that depots of this test, and of the processes it starts, get."""
    kind = str(request.param)
    if kind == "native" and importlib.util.find_spec("rushes._native._core") is None:
        pytest.skip("the compiled core is not built here (no C++ compiler?)")
    monkeypatch.setenv("RUSHES_CORE", kind)
    return kind


@pytest.fixture
def make(core: str) -> Iterator[Callable[..., Depot]]:
    """Depot.create whose depots are closed at the end of the test."""
    made: list[Depot] = []

    def create(name: str | None = None, **options: Any) -> Depot:
        options.setdefault("slots", 4)
        options.setdefault("shape", (8, 8, 3))
        depot = Depot.create(name, **options)
        made.append(depot)
        return depot

    yield create
    for depot in made:
        depot.close()


@pytest.fixture
def attach() -> Iterator[Callable[..., Depot]]:
    """Depot.attach whose handles are closed at the end of the test."""
    made: list[Depot] = []

    def join(name: str, **options: Any) -> Depot:
        made.append(Depot.attach(name, **options))
        return made[-1]

    yield join
    for depot in made:
        depot.close()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder for spill files."""
    place = tmp_path / "spill"
    place.mkdir()
    return place
