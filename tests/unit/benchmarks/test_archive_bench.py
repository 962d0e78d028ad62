"""What the archive's benchmark keeps has the form that the report reads, and our pictures are the right ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.benchmarks.records import quick_record

if TYPE_CHECKING:
    from pathlib import Path

OWN = {"moment_rushes_key", "moment_pyav", "right", "right_pyav", "together", "export", "cost"}
OWN |= {"floor_lookup", "spans_month", "reopen"}


@pytest.mark.long
def test_what_is_kept_has_the_common_form(tmp_path: Path) -> None:
    record = quick_record("archive", tmp_path)
    assert record["title"] == "The archive"
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert set(claims) >= OWN
    assert all(claim["measured"] is not None for claim in claims.values())
    assert claims["right"]["measured"] == 100
