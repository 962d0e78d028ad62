"""What the shots' benchmark keeps has the form that the report reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.benchmarks.records import quick_record

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_kept_has_the_common_form(tmp_path: Path) -> None:
    record = quick_record("shots", tmp_path)
    assert record["title"] == "Shots"
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert set(claims) == {"sooner", "dead_channel", "many"}
    assert all(claim["measured"] is not None for claim in claims.values())
    assert claims["sooner"]["measured"] > 1
    assert any("re-made from its described behaviour" in name for name in claims["sooner"]["parts"])
