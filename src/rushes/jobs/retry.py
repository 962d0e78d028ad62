"""When a failed attempt is made again, and after how long (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rushes.errors import ConfigError

__all__ = ["Retry"]

Wanted = tuple[type[BaseException], ...] | type[BaseException] | Callable[[BaseException], bool]


@dataclass(frozen=True, slots=True)
class Retry:
    """Up to ``max_tries`` attempts, the first included, after errors that ``on`` names.

    ``on`` holds exception types, or is a function from the error to whether another attempt is worth it.
    Before attempt n + 1 it waits a random part of ``min(cap_s, base_s * 2**(n - 1))`` seconds: full jitter, so
    that callers who failed together do not come back together. ConfigError for figures that mean nothing.
    """

    max_tries: int = 3
    on: Wanted = (Exception,)
    base_s: float = 0.1
    cap_s: float = 5.0

    def __post_init__(self) -> None:
        if self.max_tries < 1:
            raise ConfigError(f"max_tries is {self.max_tries}; it counts the first attempt: give 1 or more")
        if not 0 <= self.base_s <= self.cap_s:
            raise ConfigError(f"base_s {self.base_s} and cap_s {self.cap_s}: 0 <= base_s <= cap_s is needed")

    def wants(self, error: BaseException) -> bool:
        """Whether this kind of error is worth another attempt. A function in ``on`` is user code."""
        if isinstance(self.on, tuple | type):
            return isinstance(error, self.on)
        return bool(self.on(error))

    def delay_s(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failed attempt number ``attempt`` (from 1); ``chance`` is in 0..1."""
        # An attempt number beyond 60 would overflow nothing but patience; the cap rules long before.
        return chance * min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 60))
