"""Joining a depot by name while its last user leaves."""

from __future__ import annotations

from typing import Any

import pytest

from rushes.depot import Depot, segment
from rushes.errors import UnknownName


def test_a_depot_that_loses_its_name_while_it_is_joined_counts_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = segment.read_header

    def last_user_leaves(fd: int, name: str = "") -> Any:
        header = found(fd, name)
        depot.close()
        return header

    depot = Depot.create("lost-name", slots=2, slot_bytes=64)
    with monkeypatch.context() as patched:
        patched.setattr(segment, "read_header", last_user_leaves)
        with pytest.raises(UnknownName):
            Depot.attach("lost-name")
