"""The one loader that a whole program shares."""

from __future__ import annotations

import threading

from rushes.errors import ConfigError
from rushes.loader.fork import OFFSPRING
from rushes.loader.loader import AsyncImageLoader

__all__ = ["get_global_loader", "stop_global_loader"]


class _Shared:
    """The program's loader, made at first use: a program that never asks pays for no thread."""

    def __init__(self) -> None:
        self.loader: AsyncImageLoader | None = None
        self.renew()

    def renew(self) -> None:
        """In a forked child the lock may be held by a thread that is gone."""
        self._lock = threading.Lock()

    def get(self, max_workers: int) -> AsyncImageLoader:
        if max_workers < 1:
            raise ConfigError(f"max_workers is {max_workers}; give at least 1")
        with self._lock:
            if self.loader is None:
                self.loader = AsyncImageLoader(max_workers)
                self.loader.start()
            return self.loader

    def stop(self) -> None:
        with self._lock:
            loader, self.loader = self.loader, None
        if loader is not None:
            loader.stop()


SHARED = _Shared()
OFFSPRING.watch(SHARED, _Shared.renew)


def get_global_loader(max_workers: int = 4) -> AsyncImageLoader:
    """The program's own loader, started; the same one at every call until ``stop_global_loader()``.

    ``max_workers`` counts at the call that makes it.
    """
    return SHARED.get(max_workers)


def stop_global_loader() -> None:
    """Stops it: its callbacks come, its threads end. The next ``get_global_loader()`` makes a new one."""
    SHARED.stop()
