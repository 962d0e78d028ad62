"""Turning the options of a queue and of a submit into terms, or into a ConfigError."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from rushes.errors import ConfigError, unknown_name
from rushes.jobs.gate import Limit
from rushes.jobs.job import Priority, Terms
from rushes.jobs.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ISOLATIONS", "LimitKeys", "Limits", "Rate", "check_positive", "check_priority"]

ISOLATIONS = ("thread", "process")
Rate = float | tuple[float, float]
LimitKeys = Hashable | list[Any] | set[Any] | frozenset[Any]
"""One key of a limit, a tuple among them, or several."""


class Limits:
    """The limits of one queue by their keys; each is made when it is first asked for."""

    def __init__(self, most: Mapping[Any, int], rates: Mapping[Any, Rate]) -> None:
        self._most = most
        self._rates = rates
        self._made: dict[Hashable, Limit] = {}
        for key in most:
            self._limit(key)
        for key in rates:
            self._limit(key)

    def terms(
        self,
        limit: LimitKeys | None,
        serial: Hashable | None,
        timeout_s: float | None,
        retry: Retry | None,
        isolation: str,
        cost: int,
    ) -> Terms:
        """The terms of one job. Raises ConfigError for what cannot be."""
        check_positive("timeout_s", timeout_s)
        if isolation not in ISOLATIONS:
            raise unknown_name("isolation", isolation, ISOLATIONS)
        if cost < 0:
            raise ConfigError(f"cost is {cost}; give 0 or more", option="cost")
        if retry is not None and not isinstance(retry, Retry):
            raise ConfigError(f"retry is {retry!r}; give Retry(max_tries=…)", option="retry")
        limits: tuple[Limit, ...] = ()
        if limit is not None:
            keys = limit if isinstance(limit, list | set | frozenset) else (limit,)
            # Always taken in one order, so that two jobs that need the same two limits look at them alike.
            limits = tuple(self._limit(key) for key in sorted(set(keys), key=repr))
        return Terms(limits, serial, timeout_s, retry, isolation, cost)

    def _limit(self, key: Hashable) -> Limit:
        found = self._made.get(key)
        if found is None:
            # Looked up by [] so that a mapping with a default (one limit per channel, say) can make one.
            most = _look_up(self._most, key)
            rate = _look_up(self._rates, key)
            if most is None and rate is None:
                raise unknown_name("limit", key, [str(each) for each in self._made])
            per_s, burst = rate if isinstance(rate, tuple) else (rate, 1)
            if (most is not None and most < 1) or (
                rate is not None and (not per_s or per_s <= 0 or burst < 1)
            ):
                raise ConfigError(
                    f"limit {key!r} allows {most} to run and {rate} to start per second: nothing could ever "
                    "start; give at least 1, and a rate above 0"
                )
            found = self._made.setdefault(key, Limit(key, most, per_s, burst))
        return found


def _look_up(mapping: Mapping[Any, Any], key: Hashable) -> Any:
    try:
        return mapping[key]
    except KeyError:
        return None


def check_priority(priority: Any) -> Priority:
    """The priority itself. Raises ConfigError when it is none."""
    try:
        return Priority(priority)
    except ValueError:
        raise ConfigError(f"priority is {priority!r}; give a member of Priority", option="priority") from None


def check_positive(option: str, seconds: float | None) -> None:
    """Raises ConfigError unless it is None or a finite time above zero."""
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise ConfigError(f"{option} is {seconds}; give seconds above 0, or None for no end", option=option)
