"""What tests of the archive share."""

from __future__ import annotations

import contextlib

import pytest


@pytest.fixture(scope="session", autouse=True)
def obstore_runs():
    """The library of the cold store keeps its threads and descriptors to the end: no single test leaves those."""
    with contextlib.suppress(ModuleNotFoundError):
        import obstore
        from obstore.store import MemoryStore

        obstore.put(MemoryStore(), "a", b"a")
