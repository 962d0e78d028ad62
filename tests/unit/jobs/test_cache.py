from __future__ import annotations

from rushes.jobs.cache import MemoryCache
from rushes.testing import ManualClock


def test_the_least_recently_used_goes_by_bytes() -> None:
    cache = MemoryCache(100, share=0.5)
    assert cache.put("a", b"x" * 50, weight=50)
    assert cache.put("b", b"x" * 50, weight=50)
    assert cache.get("a") is not None
    assert cache.put("c", b"x" * 10, weight=10)
    assert (cache.get("b"), len(cache)) == (None, 2)
    assert not cache.put("large", b"x" * 51, weight=51)
    stats = cache.stats()
    assert stats.adds_up
    assert (stats.bytes, stats.evicted, stats.refused, stats.hits, stats.misses) == (60, 1, 1, 1, 1)


def test_age_is_asked_for_each_time_and_time_to_live_is_kept() -> None:
    clock = ManualClock()
    cache = MemoryCache(100, clock=clock)
    cache.put("a", b"x", weight=1, ttl_s=10)
    clock.advance(5)
    assert cache.get("a", max_age_s=4) is None
    assert cache.get("a", max_age_s=6) == b"x"
    clock.advance(5)
    assert cache.get("a") is None
    assert cache.stats().expired == 1
