"""Images that are kept: by bytes, under the key that names them, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import rushes
from rushes import AsyncImageLoader, ConfigError, ImageLoadPriority
from rushes.loader.cache import ImageCache, image_bytes
from tests.support.loading import PATIENCE_S, Heard, Hold


def ask(loader, heard, name, **more):
    return loader.schedule_load(name, heard.load(name), heard.callback(name), **more)


class Painted:
    """As a QImage tells its size."""

    def sizeInBytes(self):
        return 1024


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (np.zeros((4, 5, 3), np.uint8), 60),
        (np.zeros((4, 5), np.float32), 80),
        (b"12345", 5),
        (bytearray(7), 7),
        (memoryview(bytes(24)).cast("I"), 24),
        (Image.new("RGB", (10, 20)), 800),  # Pillow keeps four bytes for each pixel of three bands
        (Image.new("L", (10, 20)), 200),
        (Image.new("RGBA", (3, 3)), 36),
        (Image.new("F", (3, 3)), 36),
        (Image.new("1", (3, 3)), 9),
        (Image.new("I;16", (3, 3)), 18),
        (rushes.Frame(np.zeros((2, 2, 3), np.uint8)), 12),
        (Painted(), 1024),
        (object(), None),
        ("text", None),
    ],
)
def test_an_image_weighs_what_its_pixels_take(image, size):
    assert image_bytes(image) == size


def test_a_kept_image_is_not_loaded_again_under_whatever_id(loader, heard):
    ask(loader, heard, "a", cache_key=("tile", 1)).result(PATIENCE_S)
    heard.loads.clear()
    loader.cache.put(("tile", 2), b"put by hand")
    assert ask(loader, heard, "b", cache_key=("tile", 2)).result(PATIENCE_S) == b"put by hand"
    heard.wait(2)
    assert heard.loads == []


def test_without_a_key_nothing_is_kept(loader, heard):
    for _ in range(2):
        loader.schedule_load("a", lambda: heard.load(b"x")(), None).result(PATIENCE_S)
    assert heard.loads == [b"x", b"x"]
    assert len(loader.cache) == 0


def test_a_kept_image_comes_at_once_though_every_worker_is_busy(loader, heard):
    loader.cache.put("key", b"kept")
    hold = Hold(loader)
    handle = ask(loader, heard, "a", cache_key="key")
    heard.wait(1)
    loader.want("map", [heard.request("map_1", cache_key="key")])
    loader.prefetch([heard.request("map_2", cache_key="key")])
    heard.wait(3)
    assert handle.result(PATIENCE_S) == b"kept"
    assert handle.state == "success"
    assert heard.images == [("a", b"kept"), ("map_1", b"kept"), ("map_2", b"kept")]
    hold.release()
    stats = loader.stats()
    assert stats.from_cache == 3
    assert heard.loads == []


def test_no_image_and_what_has_no_size_are_not_kept(loader, heard):
    for result in (None, object()):
        loader.schedule_load("a", lambda: result, None, cache_key="key").result(PATIENCE_S)  # noqa: B023
        assert len(loader.cache) == 0


def test_a_failed_load_is_not_kept(loader, heard):
    def fails():
        raise OSError

    assert loader.schedule_load("a", fails, None, cache_key="key").exception() is not None
    assert ask(loader, heard, "a", cache_key="key").result(PATIENCE_S) == "a"


def test_old_images_go_when_the_bytes_are_used_up():
    with AsyncImageLoader(1, cache_bytes=4000) as loader:
        for number in range(10):
            loader.schedule_load(str(number), lambda: bytes(800), None, cache_key=number).result(PATIENCE_S)
        kept = [number for number in range(10) if loader.cache.get(number) is not None]
    assert kept == [5, 6, 7, 8, 9]


def test_what_was_just_used_stays_and_the_counts_add_up():
    cache = ImageCache(2000)
    for key in "ab":
        assert cache.put(key, bytes(1000))
    assert cache.get("a") is not None
    cache.put("c", bytes(900))
    assert [key for key in "abc" if key in cache] == ["a", "c"]
    cache.put("a", bytes(100))
    assert not cache.put("huge", bytes(2001))
    assert cache.get("b") is None
    assert not cache.put("of no size", object())
    stats = cache.stats()
    assert (stats.stored, stats.held, stats.evicted, stats.removed, stats.refused) == (4, 2, 1, 1, 2)
    assert (stats.bytes, stats.hits, stats.misses) == (1000, 1, 1)
    cache.clear()
    assert (len(cache), cache.stats().bytes, cache.stats().adds_up) == (0, 0, True)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=40))
def test_it_never_holds_more_than_its_bytes(puts):
    cache, model = ImageCache(100), dict[int, int]()
    for key, size in puts:
        cache.put(key, bytes(size))
        model.pop(key, None)
        model[key] = size
        while sum(model.values()) > 100:
            del model[next(iter(model))]
        assert cache.stats().bytes == sum(model.values()) <= 100
        assert {each for each in range(6) if each in cache} == set(model)
    assert cache.stats().adds_up


def test_who_joins_a_load_made_without_a_key_still_has_its_own_kept(loader):
    hold = Hold(loader, "a", result=b"image")
    handle = loader.schedule_load("a", bytes, None, cache_key="key")
    hold.release()
    assert handle.result(PATIENCE_S) == b"image"
    heard = Heard()
    ask(loader, heard, "a", cache_key="key").result(PATIENCE_S)
    assert heard.loads == []


def test_what_is_prefetched_is_there_when_asked_for_and_waits_behind_all_else(loader, heard):
    hold = Hold(loader)
    requests = [heard.request(f"map_{number}", cache_key=number) for number in range(3)]
    requests[0].callback = None
    for each in requests:
        each.loader_func = lambda name=each.id: heard.load(name)() and name.encode()
    handles = loader.prefetch(requests)
    ask(loader, heard, "low", priority=ImageLoadPriority.LOW)
    hold.release()
    assert [handle.result(PATIENCE_S) for handle in handles] == [b"map_0", b"map_1", b"map_2"]
    heard.wait(3)
    assert heard.loads[0] == "low"
    assert loader.cache.get(0) == b"map_0"


def test_asking_in_earnest_lifts_a_prefetch(loader, heard):
    hold = Hold(loader)
    loader.prefetch([heard.request(f"map_{number}") for number in range(3)])
    ask(loader, heard, "map_2")
    hold.release()
    heard.wait(4)
    assert heard.loads[0] == "map_2"
    assert sorted(heard.loads) == ["map_0", "map_1", "map_2"]


def test_a_negative_cache_is_refused():
    with pytest.raises(ConfigError):
        AsyncImageLoader(cache_bytes=-1)
