from __future__ import annotations

from pathlib import Path

import pytest

from rushes.jobs.cache import MemoryCache, NegativeCache
from rushes.jobs.cache_disk import DiskCache
from rushes.testing import ManualClock


def test_the_least_recently_used_goes_by_bytes() -> None:
    cache = MemoryCache(100, share=0.5)
    assert cache.put("a", b"x" * 50)
    assert cache.put("b", b"x" * 50)
    assert cache.get("a") is not None
    assert cache.put("c", b"x" * 10)
    assert (cache.get("b"), len(cache)) == (None, 2)
    assert not cache.put("large", b"x" * 51)
    stats = cache.stats()
    assert stats.adds_up
    assert (stats.bytes, stats.evicted, stats.refused, stats.hits, stats.misses) == (60, 1, 1, 1, 1)


def test_age_is_asked_for_each_time_and_time_to_live_is_kept() -> None:
    clock = ManualClock()
    cache = MemoryCache(100, clock=clock)
    cache.put("a", b"x", ttl_s=10)
    clock.advance(5)
    assert cache.get("a", max_age_s=4) is None
    assert cache.get("a", max_age_s=6) == b"x"
    clock.advance(5)
    assert cache.get("a") is None
    assert cache.stats().expired == 1


def test_failures_hold_twice_as_long_each_time_and_let_one_probe() -> None:
    clock = ManualClock()
    failures = NegativeCache(first_s=2, most_s=6, clock=clock)
    error = OSError("dead")
    assert [failures.failed("camera", error) for _ in range(3)] == [2, 4, 6]
    clock.advance(5.9)
    assert failures.error("camera") is error
    clock.advance(0.1)
    assert failures.error("camera") is None
    assert failures.error("camera") is error, "only one may probe"
    failures.succeeded("camera")
    assert failures.error("camera") is None


def test_files_are_whole_bounded_and_confined(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 1000)
    assert cache.put("../../evil", b"data")
    assert cache.get("../../evil") == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert cache.get("../../evil", max_age_s=-1) is None
    assert not cache.put("large", b"x" * 1001)
    for number in range(20):
        assert cache.put(f"key {number}", b"x" * 100)
    assert cache.sweep() <= 1000
    assert cache.get("key 19") is not None
    assert not list((tmp_path / "cache").glob("??/new-*"))
    cache.remove("key 19")
    assert cache.get("key 19") is None


def test_a_refused_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(tmp_path, 1000)
    cache.put("a", b"old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        cache.put("a", b"new")
    assert cache.get("a") == b"old"
    assert len(list(tmp_path.glob("??/*"))) == 1
