"""What an archive that is open for writing counts of its clearing away."""

from __future__ import annotations

import pytest

from rushes.archive import Archive
from tests.support.small_archive import SIZE, SmallArchive

pytest.importorskip("obstore", reason="the extra s3 is not installed")


def test_what_moved_to_the_cold_store_does_not_count_as_pruned(tmp_path):
    with SmallArchive(tmp_path / "archive") as made:
        for minute in range(6):
            made.add(minute)
    cold = str(tmp_path / "cold")
    with Archive(tmp_path / "archive", max_bytes=4 * SIZE, min_free_bytes=0, cold=cold) as archive:
        assert archive.prune().moved == 2
        assert (archive.stats().pruned, archive.stats().cold_segments) == (0, 2)
    with Archive(tmp_path / "archive", max_bytes=2 * SIZE, min_free_bytes=0) as archive:
        assert archive.prune().removed == archive.stats().pruned == 2
