"""A view that moves faster than its tiles load: nothing is loaded in vain, and where it stops all is there."""

from __future__ import annotations

import queue
import random
import threading

import numpy as np
import pytest
import simplejpeg

from rushes import AsyncImageLoader, ImageLoadRequest
from tests.support.loading import PATIENCE_S

COLUMNS, ROWS = 8, 5
Tile = tuple[int, int]


def view_at(left: int, top: int = 0) -> list[Tile]:
    return [(left + x, top + y) for y in range(ROWS) for x in range(COLUMNS)]


class Viewer:
    """Asks for what its view lacks, as a real one does, and writes down what arrived."""

    def __init__(self, loader: AsyncImageLoader) -> None:
        self.loader = loader
        self.have: dict[Tile, object] = {}
        self.complete = threading.Event()
        self.view: list[Tile] = []
        self._lock = threading.Lock()

    def look(self, view: list[Tile], load) -> None:
        with self._lock:
            self.view = view
            missing = [tile for tile in view if tile not in self.have]
            if missing:
                self.complete.clear()
        x, y = view[len(view) // 2]
        requests = [self.request(tile, load) for tile in missing]
        self.loader.want("map", requests, focus=(x + 0.5, y + 0.5))

    def request(self, tile: Tile, load) -> ImageLoadRequest:
        bounds = (tile[0], tile[0] + 1, tile[1], tile[1] + 1)
        return ImageLoadRequest(
            f"map_{tile[0]}_{tile[1]}",
            lambda: load(tile),
            lambda image: self.arrived(tile, image),
            bounds=bounds,
            cache_key=tile,
        )

    def arrived(self, tile: Tile, image) -> None:
        with self._lock:
            if image is not None:
                self.have[tile] = image
            if all(each in self.have for each in self.view):
                self.complete.set()


@pytest.mark.parametrize("workers", [1, 3])
def test_no_load_begins_for_what_has_left_the_view(workers):
    started: queue.Queue[Tile] = queue.Queue()
    permits = threading.Semaphore(0)

    def load(tile: Tile) -> bytes:
        started.put(tile)
        assert permits.acquire(timeout=PATIENCE_S)
        return bytes(100)

    wasted, loads = [], []
    with AsyncImageLoader(workers) as loader:
        viewer = Viewer(loader)
        viewer.look(view_at(0), load)
        loads += [started.get(timeout=PATIENCE_S) for _ in range(workers)]
        for left in range(1, 40):
            viewer.look(view_at(left), load)
            # Every worker was busy when the view moved: what begins now was chosen after it had.
            for _ in range(workers):
                permits.release()
            fresh = [started.get(timeout=PATIENCE_S) for _ in range(workers)]
            wasted += [tile for tile in fresh if tile not in view_at(left)]
            loads += fresh
        for _ in range(ROWS * COLUMNS):
            permits.release()
        assert viewer.complete.wait(PATIENCE_S)
    while not started.empty():
        loads.append(started.get())
    assert wasted == []
    assert len(loads) == len(set(loads)), "a tile was loaded twice"
    assert set(view_at(39)) <= set(viewer.have)


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_pans_over_real_tiles_ends_with_the_last_view_complete(seed):
    jpeg = simplejpeg.encode_jpeg(np.random.default_rng(seed).integers(0, 255, (256, 256, 3), np.uint8))
    dice, at = random.Random(seed), [0, 0]

    def load(tile: Tile) -> object:
        return simplejpeg.decode_jpeg(jpeg)

    with AsyncImageLoader(4) as loader:
        viewer = Viewer(loader)
        for _ in range(120):
            at[dice.randrange(2)] += dice.choice((-1, 1))
            viewer.look(view_at(*at), load)
        assert viewer.complete.wait(PATIENCE_S)
        stats = loader.stats()
        assert set(view_at(*at)) <= set(viewer.have)
        assert loader.get_pending_count() == 0
    assert stats.requested == stats.loaded + stats.cancelled
    assert stats.failed == 0
