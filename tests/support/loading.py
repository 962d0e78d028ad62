"""A loader whose only worker is held until a test has asked for all it wants to ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rushes import AsyncImageLoader, ImageLoadPriority, ImageLoadRequest

PATIENCE_S = 20.0


class Heard:
    """Everything loads and callbacks did, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.loads: list[Any] = []
        self.images: list[tuple[str, Any]] = []

    def load(self, image: Any) -> Callable[[], Any]:
        """A loader_func that writes down that it ran and gives ``image``."""

        def run() -> Any:
            with self._changed:
                self.loads.append(image)
                self._changed.notify_all()
            return image

        return run

    def callback(self, name: str) -> Callable[[Any], None]:
        """A callback that writes down what it got."""

        def called(image: Any) -> None:
            with self._changed:
                self.images.append((name, image))
                self._changed.notify_all()

        return called

    def request(self, name: str, **more: Any) -> ImageLoadRequest:
        return ImageLoadRequest(name, self.load(name), self.callback(name), **more)

    def wait(self, callbacks: int) -> None:
        """Until this many callbacks came."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.images) >= callbacks, PATIENCE_S)
            assert arrived, f"{len(self.images)} of {callbacks} callbacks came"

    def of(self, name: str) -> list[Any]:
        """What the callbacks of this name got."""
        with self._changed:
            return [image for each, image in self.images if each == name]


class Hold:
    """Keeps one worker busy from the moment it is made until ``release()``."""

    def __init__(self, loader: AsyncImageLoader, name: str = "hold", result: Any = None, **more: Any) -> None:
        self._started, self._go = threading.Event(), threading.Event()
        self.result = result
        self.seen: list[Any] = []
        self.ended = threading.Event()
        self.handle = loader.schedule_load(name, self._run, self._called, ImageLoadPriority.HIGH, **more)
        assert self._started.wait(PATIENCE_S)

    def _run(self) -> Any:
        self._started.set()
        assert self._go.wait(PATIENCE_S)
        return self.result

    def _called(self, image: Any) -> None:
        self.seen.append(image)
        self.ended.set()

    def release(self) -> None:
        self._go.set()
