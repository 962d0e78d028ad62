from __future__ import annotations

from collections.abc import Iterator

import pytest

from rushes import AsyncImageLoader
from tests.support.loading import Heard


@pytest.fixture
def loader() -> Iterator[AsyncImageLoader]:
    """Started, with one worker, so that order shows."""
    with AsyncImageLoader(1) as loader:
        yield loader


@pytest.fixture
def heard() -> Heard:
    return Heard()
