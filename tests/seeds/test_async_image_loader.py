"""What the image loader's document names, used on real picture files with only the import line changed.

That document shows no example; these are the programs that its descriptions make.
"""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from rushes.compat import async_image_loader as door
from rushes.compat.async_image_loader import (
    AsyncImageLoader,
    ImageLoadPriority,
    ImageLoadRequest,
    get_global_loader,
    stop_global_loader,
)

PATIENCE_S = 30.0


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"tile{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        Image.new("RGB", (16 + number, 8)).save(path)
    return paths


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image.copy()


class Shown:
    """What callbacks were told, in the order of their calls."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int | None]] = []
        self._change = threading.Condition()

    def under(self, name: str):
        def callback(image: Image.Image | None) -> None:
            with self._change:
                self.told.append((name, None if image is None else image.width))
                self._change.notify_all()

        return callback

    def wait(self, count: int) -> list[tuple[str, int | None]]:
        with self._change:
            assert self._change.wait_for(lambda: len(self.told) >= count, PATIENCE_S)
            return self.told


def test_images_come_by_priority_and_without_blocking(pictures):
    shown, loader = Shown(), AsyncImageLoader(max_workers=1)
    may_go, at_work = threading.Event(), threading.Event()

    def slow() -> None:
        at_work.set()
        may_go.wait(PATIENCE_S)

    loader.start()
    loader.schedule_load("first", slow, shown.under("first"))
    assert at_work.wait(PATIENCE_S)
    for priority in (ImageLoadPriority.LOW, ImageLoadPriority.NORMAL, ImageLoadPriority.HIGH):
        path = pictures[priority.value]
        loader.schedule_load(
            request_id=priority.name,
            loader_func=partial(opened, path),
            callback=shown.under(priority.name),
            priority=priority,
            bounds=(0.0, 16.0, 0.0, 8.0),
        )
    assert loader.get_pending_count() == 4
    may_go.set()
    assert shown.wait(4) == [("first", None), ("HIGH", 17), ("NORMAL", 18), ("LOW", 19)]
    loader.stop()
    assert loader.get_pending_count() == 0


def test_equal_ids_are_one_load(pictures):
    shown, loads, loader = Shown(), [], AsyncImageLoader()

    def load() -> Image.Image:
        loads.append(1)
        return opened(pictures[0])

    for name in ("one", "two"):
        loader.schedule_load("tile0", load, shown.under(name))
    assert loader.get_pending_count() == 1
    loader.start()
    assert sorted(shown.wait(2)) == [("one", 16), ("two", 16)]
    loader.stop()
    assert loads == [1]


def test_a_moved_view_cancels_what_is_obsolete(pictures):
    shown, loader = Shown(), AsyncImageLoader(4)
    for number, path in enumerate(pictures[:4]):
        name = f"texture7_{number}"
        loader.schedule_load(name, partial(opened, path), shown.under(name))
    loader.schedule_load("texture77_0", lambda: opened(pictures[4]), shown.under("another"))
    assert loader.cancel_obsolete_for_texture(texture_id="texture7", keep_request_id="texture7_3") == 3
    assert loader.get_pending_count() == 2
    loader.start()
    told = dict(shown.wait(5))
    loader.stop()
    assert told == {"another": 20, "texture7_3": 19, **{f"texture7_{number}": None for number in range(3)}}


def test_a_callback_gets_none_for_what_cannot_be_loaded(pictures):
    shown = Shown()
    with AsyncImageLoader() as loader:
        loader.schedule_load("gone", lambda: opened(pictures[0].with_name("gone.png")), shown.under("gone"))
        assert shown.wait(1) == [("gone", None)]


def test_callbacks_come_on_the_loop_that_was_given(pictures):
    async def main() -> tuple[int, int]:
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        told: list[tuple[int, int]] = []

        def callback(image: Image.Image | None) -> None:
            told.append((0 if image is None else image.width, threading.get_ident()))
            came.set()

        loader = AsyncImageLoader(max_workers=2, loop=loop)
        assert loader.loop is loop
        loader.start()
        loader.schedule_load("tile5", lambda: opened(pictures[5]), callback, ImageLoadPriority.HIGH)
        await asyncio.wait_for(came.wait(), PATIENCE_S)
        await asyncio.to_thread(loader.stop)
        return told[0]

    assert asyncio.run(main()) == (21, threading.get_ident())


def test_the_global_loader_is_one_until_it_is_stopped(pictures):
    shown = Shown()
    try:
        loader = get_global_loader(max_workers=2)
        assert get_global_loader(max_workers=9) is loader is door._global_loader
        assert loader.max_workers == 2
        loader.schedule_load("tile1", lambda: opened(pictures[1]), shown.under("tile1"))
        assert shown.wait(1) == [("tile1", 17)]
    finally:
        stop_global_loader()
    assert door._global_loader is None


def test_a_request_is_a_record_of_its_fields():
    request = ImageLoadRequest("a", bytes, print, ImageLoadPriority.LOW, (0.0, 1.0, 2.0, 3.0))
    fields = (request.id, request.loader_func, request.callback, request.priority, request.bounds)
    assert fields == ("a", bytes, print, ImageLoadPriority.LOW, (0.0, 1.0, 2.0, 3.0))
    assert (
        ImageLoadRequest(id="b", loader_func=bytes, callback=print, priority=ImageLoadPriority(1)).bounds
        is None
    )
