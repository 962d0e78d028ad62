"""Hubs and receivers of these tests keep what they keep in folders of the test's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mapreduce import Ends


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where sockets lie: the system takes no long paths."""
    with tempfile.TemporaryDirectory(prefix="rushes-") as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        yield Path(place) / "rushes"


@pytest.fixture(params=["hub", "near"])
def ends(request: pytest.FixtureRequest) -> Ends:
    return Ends(request.param)
