"""Contenders of the image loader, each behind the same three calls: ours, a plain thread pool, and the seed.

The seed is wolfhece's AsyncImageLoader, unchanged. Its package asks for a whole desktop program, so only the one
file is loaded, with a stand-in for the translations it imports; and as nothing in it runs its event loop, a
thread here does. ``pip install --no-deps wolfhece==2.2.84`` makes it take part.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
import threading
import types
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import rushes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Tile = tuple[int, int]


class Contender(Protocol):
    """One way to load images."""

    def schedule(self, name: str, load: Callable[[], Any], callback: Callable[[Any], None]) -> None:
        """Ask for one image."""

    def look(
        self,
        wanted: Iterable[Tile],
        focus: tuple[float, float],
        load: Callable[[Tile], Any],
        arrived: Callable[[Tile, Any], None],
    ) -> None:
        """The view moved; these are the tiles it lacks."""

    def close(self) -> None:
        """End the threads."""


class Ours:
    def __init__(self, workers: int) -> None:
        self.loader = rushes.AsyncImageLoader(workers)
        self.loader.start()

    def schedule(self, name: str, load: Callable[[], Any], callback: Callable[[Any], None]) -> None:
        self.loader.schedule_load(name, load, callback)

    def look(
        self,
        wanted: Iterable[Tile],
        focus: tuple[float, float],
        load: Callable[[Tile], Any],
        arrived: Callable[[Tile, Any], None],
    ) -> None:
        requests = [
            rushes.ImageLoadRequest(
                f"map_{x}_{y}",
                lambda tile=(x, y): load(tile),  # type: ignore[misc]
                lambda image, tile=(x, y): arrived(tile, image),  # type: ignore[misc]
                bounds=(x, x + 1, y, y + 1),
            )
            for x, y in wanted
        ]
        self.loader.want("map", requests, focus=focus)

    def close(self) -> None:
        self.loader.stop()


class Pool:
    """ThreadPoolExecutor with a dict of futures, each that the view no longer lacks cancelled at every move."""

    def __init__(self, workers: int) -> None:
        self.pool = ThreadPoolExecutor(workers)
        self.futures: list[Future[Any]] = []

    def schedule(self, name: str, load: Callable[[], Any], callback: Callable[[Any], None]) -> None:
        self.pool.submit(load).add_done_callback(lambda future: callback(future.result()))

    def look(
        self,
        wanted: Iterable[Tile],
        focus: tuple[float, float],
        load: Callable[[Tile], Any],
        arrived: Callable[[Tile, Any], None],
    ) -> None:
        for future in self.futures:
            future.cancel()
        self.futures = []
        for tile in wanted:
            future = self.pool.submit(load, tile)
            future.add_done_callback(
                lambda done, tile=tile: None if done.cancelled() else arrived(tile, done.result())  # type: ignore[misc]
            )
            self.futures.append(future)

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)


class Seed:
    def __init__(self, workers: int) -> None:
        self.loader = seed_module().AsyncImageLoader(max_workers=workers)
        # Its queue cannot compare equal ids and says so a thousand times; what it loses by that shows in the figures.
        self.loader.loop.set_exception_handler(lambda loop, context: None)
        self.loader.start()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loader.loop)
        self.loader.loop.run_forever()

    def schedule(self, name: str, load: Callable[[], Any], callback: Callable[[Any], None]) -> None:
        self.loader.schedule_load(name, load, callback)

    def look(
        self,
        wanted: Iterable[Tile],
        focus: tuple[float, float],
        load: Callable[[Tile], Any],
        arrived: Callable[[Tile, Any], None],
    ) -> None:
        with contextlib.suppress(RuntimeError):  # its dict changes while it goes through it
            self.loader.cancel_obsolete_for_texture("map", "")
        for tile in wanted:
            self.loader.schedule_load(
                f"map_{tile[0]}_{tile[1]}",
                lambda tile=tile: load(tile),
                lambda image, tile=tile: arrived(tile, image),
            )

    def close(self) -> None:
        loop = self.loader.loop
        loop.call_soon_threadsafe(self.loader.stop)
        # Two turns of the loop let its cancelled tasks end before it does.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        self.thread.join()
        loop.close()


def seed_there() -> str | None:
    """The version of the seed, None when it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("wolfhece")
    except PackageNotFoundError:
        return None


def seed_module() -> Any:
    if "seed_async_image_loader" in sys.modules:
        return sys.modules["seed_async_image_loader"]
    found = importlib.util.find_spec("wolfhece")  # finds the folder and runs nothing in it
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("wolfhece is not installed")
    file = Path(next(iter(found.submodule_search_locations))) / "async_image_loader.py"
    translate = types.ModuleType("wolfhece.PyTranslate")
    translate._ = str  # type: ignore[attr-defined]
    stands_in = {"wolfhece": types.ModuleType("wolfhece"), "wolfhece.PyTranslate": translate}
    spec = importlib.util.spec_from_file_location("seed_async_image_loader", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["seed_async_image_loader"] = module  # its dataclass looks itself up there
    sys.modules.update(stands_in)
    try:
        spec.loader.exec_module(module)
    finally:
        for name in stands_in:
            del sys.modules[name]
    return module
