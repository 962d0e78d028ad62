from __future__ import annotations

from collections.abc import Iterator

import pytest

from rushes import JobQueue


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    made = JobQueue(1)
    yield made
    made.stop()
    assert made.stats().adds_up
