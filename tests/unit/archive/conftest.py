"""What tests of the archive share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.archive.database import Database
from rushes.archive.index import Index
from tests.unit.archive.store import Store


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """An empty one in the test's folder."""
    made = Database(tmp_path)
    yield made
    made.close()


@pytest.fixture
def index(db: Database) -> Index:
    """Over that."""
    return Index(db)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An index with segments, as many as are added."""
    made = Store(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def obstore_runs():
    """The library of the cold store keeps its threads and descriptors to the end: no single test leaves those."""
    with contextlib.suppress(ModuleNotFoundError):
        import obstore
        from obstore.store import MemoryStore

        obstore.put(MemoryStore(), "a", b"a")
