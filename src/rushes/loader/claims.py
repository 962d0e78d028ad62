"""Who waits for which image: one claim for each caller, one entry for each request id.

The queue shares one job between equal ids. What it cannot know is told here: which ``loader_func`` is the
newest, what is still owed to whom, and that everything asked for had an outcome.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from rushes.jobs import Handle
    from rushes.loader.cache import ImageCache
    from rushes.loader.delivery import Delivery

__all__ = ["Claim", "Claims", "LoaderStats"]

_log = logging.getLogger("rushes.loader")


@dataclass(frozen=True, slots=True)
class LoaderStats:
    """Requests since the loader was made: ``requested = loaded + failed + cancelled + pending``.

    ``from_cache`` counts the times the cache spared a loader_func its run. A request that ``want`` kept
    goes on as the one it was and is not counted again.
    """

    requested: int = 0
    loaded: int = 0
    failed: int = 0
    cancelled: int = 0
    pending: int = 0
    from_cache: int = 0


class Claim:
    """One caller's wish for one image, as the queue's worker meets it: ``run`` and then ``ended``."""

    __slots__ = ("cache_key", "callbacks", "claims", "loader_func", "request_id", "slot")

    def __init__(
        self,
        claims: Claims,
        request_id: str,
        loader_func: Callable[[], Any],
        callback: Callable[[Any], object] | None,
        cache_key: Hashable | None,
        slot: Hashable | None = None,
    ) -> None:
        self.claims = claims
        self.request_id = request_id
        self.loader_func = loader_func
        self.callbacks: tuple[Callable[[Any], object], ...] = () if callback is None else (callback,)
        self.cache_key = cache_key
        # A texture that wants the image holds one place however often it says so; every other claim its own.
        self.slot: Hashable = self if slot is None else slot

    def run(self) -> Any:
        """The image, by the newest loader_func for this id, whoever brought it, or from the cache.

        The cache gets it here and not where callbacks are called, so that also the late result of a
        cancelled load is kept for the next who asks.
        """
        chosen = self.claims.pick(self)
        cache, key = self.claims.cache, chosen.cache_key
        if key is not None:
            image = cache.get(key)
            if image is not None:
                self.claims.hit()
                return image
        try:
            image = chosen.loader_func()
        except Exception as error:
            # Once for the load; the callbacks get None and each handle keeps the error itself.
            _log.warning("image %r could not be loaded: %s: %s", self.request_id, type(error).__name__, error)
            raise
        if key is not None and image is not None:
            cache.put(key, image)
        return image

    def ended(self, handle: Handle) -> None:
        """Settles the claim and brings the image, or None, to its callbacks."""
        state = handle.state
        # The outcome itself: result() would look once more whether there is one.
        self.settle(state, handle.outcome if state == "success" else None)

    def settle(self, state: str, image: Any) -> None:
        """As :meth:`ended`, for one that never was a job of its own too."""
        # One that joined a load made without this key has its image kept here, under its own.
        claims, key = self.claims, self.cache_key
        if key is not None and image is not None and key not in claims.cache:
            claims.cache.put(key, image)
        claims.leave(self, state)
        for callback in self.callbacks:
            claims.delivery.send(self.request_id, callback, image)


class Claims:
    """Every living claim of one loader, and the counts of those that ended. Any thread may call."""

    def __init__(self, cache: ImageCache, delivery: Delivery) -> None:
        self.cache = cache
        self.delivery = delivery
        self._lock = threading.Lock()
        # By id: its one claim, or where there are several those by place, the newest last. A dict for each of
        # a hundred thousand ids with one claim would be most of what asking costs.
        self._loads: dict[str, Claim | dict[Hashable, Claim]] = {}
        self._requested = 0
        self._from_cache = 0
        self._outcomes = {"success": 0, "error": 0, "cancelled": 0}
        self._living = 0

    def enter(self, claim: Claim) -> None:
        """Counts a claim in, before the queue hears of it: its job may start within that call."""
        with self._lock:
            places = self._loads.setdefault(claim.request_id, claim)
            if places is not claim:
                if isinstance(places, Claim):
                    places = self._loads[claim.request_id] = {places.slot: places}
                taken = places.pop(claim.slot, None)
                places[claim.slot] = claim
                if taken is not None:
                    return
            self._requested += 1
            self._living += 1

    def pick(self, claim: Claim) -> Claim:
        """The claim whose loader_func is to run for ``claim``'s job, which starts now: the newest living."""
        with self._lock:
            places = self._loads.get(claim.request_id)
            if isinstance(places, dict):
                return next(reversed(places.values()))
            return places or claim

    def leave(self, claim: Claim, state: str) -> None:
        """Counts a claim out. One whose place was taken by a newer one is that one's to count."""
        with self._lock:
            places = self._loads.get(claim.request_id)
            if isinstance(places, dict) and places.get(claim.slot) is claim:
                del places[claim.slot]
            elif places is not claim:
                return
            if places is claim or not places:
                del self._loads[claim.request_id]
            self._living -= 1
            self._outcomes[state if state in self._outcomes else "error"] += 1

    def hit(self) -> None:
        """Counts a load that the cache spared."""
        with self._lock:
            self._from_cache += 1

    def pending(self) -> int:
        """How many different images are still owed to somebody."""
        with self._lock:
            return len(self._loads)

    def stats(self) -> LoaderStats:
        """All counts at one moment."""
        with self._lock:
            done = self._outcomes
            return LoaderStats(
                self._requested,
                done["success"],
                done["error"],
                done["cancelled"],
                self._living,
                self._from_cache,
            )
