"""A station without processes: a depot with frames, an archive and a board, made by hand, and its application."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rushes.server.app import create_app
from rushes.server.state import ServerState
from rushes.wire.hub import Hub
from tests.support.nats_hub import hub
from tests.support.web_station import WebStation

with warnings.catch_warnings():
    # It would rather have a package that nothing else here needs.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

LOCAL = "http://127.0.0.1:8787"


class Client(TestClient):
    """Its sockets go where its requests go."""

    __test__ = False

    def websocket_connect(self, url: str, *args: Any, **more: Any) -> Any:
        """As its parent's, which would ask a host called "testserver"."""
        return super().websocket_connect(f"ws://{self.base_url.netloc.decode()}{url}", *args, **more)


@pytest.fixture
def station() -> Iterator[WebStation]:
    with WebStation(f"web-{os.getpid()}") as made:
        yield made


@pytest.fixture
def state(station: WebStation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerState]:
    # What a test shows, it wants to see; that a board is kept for a moment has a test of its own.
    monkeypatch.setattr("rushes.server.state._BOARD_NS", 0)
    with ServerState(station.name, bind="127.0.0.1:8787", data=tmp_path / "data") as made:
        yield made


@pytest.fixture
def client(state: ServerState, tmp_path: Path) -> Iterator[Client]:
    with Client(create_app(state, page=tmp_path / "page"), base_url=LOCAL) as made:
        yield made


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Client]:
    """The application of a station that does not run."""
    with (
        ServerState("nobody", bind="127.0.0.1:8787", data=tmp_path) as state,
        Client(create_app(state, page=tmp_path / "page"), base_url=LOCAL) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of a module's own, at which stations meet."""
    with hub(tmp_path_factory.mktemp("hub")) as made:
        yield made
