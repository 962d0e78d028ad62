"""The codecs' benchmarks run and measure every claim they make."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.unit.benchmarks.records import quick_record

if TYPE_CHECKING:
    from pathlib import Path

OPENCV = {
    *(
        f"jpeg_{work}_{name}_{quality}"
        for work in ("encode", "decode")
        for name in ("photo", "page")
        for quality in (75, 90)
    ),
    "convert_bgr24_rgb24",
    "convert_bgra_bgr24",
    "convert_bgr24_gray8",
    "convert_bgr24_i420",
    "convert_bgra_i420",
    "convert_i420_bgr24",
}
OWN = {
    "jpeg_planes_photo",
    "jpeg_planes_page",
    "threads_encode",
    "threads_decode",
    *(f"qoi_{what}_{name}" for what in ("encode", "decode", "bytes") for name in ("photo", "page")),
}


@pytest.mark.long
def test_every_claim_is_measured(tmp_path: Path) -> None:
    record = quick_record("codecs", tmp_path)
    claims = {claim["id"]: claim for claim in record["claims"]}
    assert record["quick"]
    assert record["title"]
    assert set(claims) == OPENCV | OWN
    measured = {name for name, claim in claims.items() if claim["measured"] is not None}
    assert measured == (OPENCV | OWN if find_spec("cv2") else OWN)
    # Bytes are counted, not timed.
    assert claims["qoi_bytes_page"]["measured"] < 2
