"""The image loader: requests by priority, shared by id, cancelled by texture, kept by a view that moves."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rushes.errors import ClosedError, ConfigError
from rushes.jobs import Change, Priority, Request
from rushes.loader.cache import ImageCache
from rushes.loader.claims import Claim, Claims, LoaderStats
from rushes.loader.delivery import delivery_for
from rushes.loader.fork import OFFSPRING
from rushes.loader.lanes import Lanes
from rushes.loader.request import (
    ImageLoadPriority,
    ImageLoadRequest,
    belongs,
    check,
    check_focus,
    check_texture,
    family,
    tier,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Hashable, Iterable
    from types import TracebackType

    from rushes.jobs import Handle

__all__ = ["AsyncImageLoader"]

T = TypeVar("T")
Bounds = tuple[float, float, float, float]
MIB = 1 << 20
# First parts of the queue's group names: one texture's view, one texture's other requests, and requests whose
# texture is told by their id alone, which all share what that id begins with.
VIEW, TEXTURE, FAMILY = "view", "texture", "family"


class AsyncImageLoader:
    """Loads images in the background, on ``max_workers`` threads, the most urgent first.

    Works without any event loop: callbacks then come on a thread of the loader's own, never on the caller's.
    With ``loop`` they come on that loop's. Each callback is called once, with the image, or with None after an
    error or a cancel; what it raises is logged and harms nobody. Which error it was, the returned handle tells.

    Requests made before ``start()``, or after ``stop()``, wait for the next ``start()``; ``with`` starts and
    stops. Images of requests with a ``cache_key`` are kept in ``cache``, up to ``cache_bytes`` of them. One
    image object serves all who asked for it: do not draw into it. Any thread may call any method. After a
    fork the child has a loader of its own that knows nothing of the parent's requests.
    """

    def __init__(
        self,
        max_workers: int = 4,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        cache_bytes: int = 256 * MIB,
    ) -> None:
        if max_workers < 1:
            raise ConfigError(f"max_workers is {max_workers}; give at least 1")
        self.max_workers = max_workers
        self.loop = loop
        self.cache = ImageCache(cache_bytes)
        self._running = False
        self._lanes: Lanes | None = None
        self._renew()
        OFFSPRING.watch(self, AsyncImageLoader._renew)

    def start(self) -> None:
        """Begins to load, what was asked for before included; does nothing when already started."""
        with self._lock:
            self._running = True
            lanes = self._lanes
        if lanes is not None:
            lanes.start()

    def stop(self) -> None:
        """Cancels all that waits and runs, so that every callback comes, and ends the threads.

        A loader_func that runs cannot be broken off: its callback gets None now, and after at most five seconds
        of waiting for it, its thread is left to end with it.
        ``start()`` may follow.
        """
        with self._lock:
            lanes, self._lanes = self._lanes, None
            self._running = False
        if lanes is not None:
            lanes.stop()

    def schedule_load(
        self,
        request_id: str,
        loader_func: Callable[[], Any],
        callback: Callable[[Any], object] | None,
        priority: ImageLoadPriority = ImageLoadPriority.NORMAL,
        bounds: tuple[float, float, float, float] | None = None,
        *,
        texture: str | None = None,
        cache_key: Hashable | None = None,
    ) -> Handle:
        """Asks for one image; returns at once with a handle to await, cancel or ask about it.

        Equal ids that wait or run share one load: each callback is called, the best priority counts, and
        the newest ``loader_func`` is the one that runs, if none runs yet. ``bounds`` are (xmin, xmax, ymin,
        ymax). The request belongs to ``texture``; without one, to every texture whose id its own is or begins
        with, followed by ``_``. Raises ConfigError for what is no priority or cannot be called.
        """
        check(request_id, loader_func, callback, bounds, cache_key)
        if texture is None:
            group = (FAMILY, family(request_id))
        else:
            check_texture(texture)
            group = (TEXTURE, texture)
        claim = Claim(self._claims, request_id, loader_func, callback, cache_key)
        return self._submit(claim, tier(priority), bounds, group)

    def prefetch(self, requests: Iterable[ImageLoadRequest]) -> list[Handle]:
        """Loads into the cache what will be wanted soon, when nothing else waits.

        Their own priority counts for nothing, their callbacks may be None. Asking for one in earnest lifts it.
        """
        wanted = [(self._claim(each), each.bounds) for each in requests]
        return [
            self._submit(claim, Priority.PREFETCH, bounds, (FAMILY, family(claim.request_id)))
            for claim, bounds in wanted
        ]

    def want(
        self,
        texture: str,
        requests: Iterable[ImageLoadRequest],
        *,
        focus: tuple[float, float] | None = None,
    ) -> Change:
        """Makes these the texture's only requests: what a view calls at each move.

        What is still wanted keeps its place and its running load, with the newest callback in the place of
        the earlier one; what is new is added; every other request of the texture is cancelled. Of equal
        priority, those nearest to ``focus`` (x, y) start first. Returns how many were kept, added, cancelled.
        """
        check_texture(texture)
        check_focus(focus)
        claims: dict[str, Claim] = {}
        wanted: list[Request] = []
        for each in requests:
            claim = self._claim(each, slot=(VIEW, texture))
            if each.id in claims:
                claims[each.id].callbacks += claim.callbacks
                continue
            claims[each.id] = claim
            wanted.append(_wanted(each, claim))
        for claim in claims.values():
            self._claims.enter(claim)
        wanted = [each for each in wanted if self._serve(claims[str(each.key)]) is None]
        change = self._use(
            claims.values(), lambda lanes: lanes.loads.want((VIEW, texture), wanted, focus=focus)
        )
        others = self._cancel_requests(texture, claims)
        served = len(claims) - len(wanted)
        return Change(change.kept, change.added + served, change.cancelled + others)

    def cancel_obsolete_for_texture(self, texture_id: str, keep_request_id: str) -> int:
        """Cancels every request of a texture but those with one id; returns how many it ended, truly.

        A load that runs is not broken off, but nobody waits for it any more; its image still feeds the cache.
        """
        lanes, keep = self._lanes, (keep_request_id,)
        if lanes is None:
            return 0
        in_view = lanes.loads.cancel(group=(VIEW, texture_id), keep=keep)
        return in_view + self._cancel_requests(texture_id, keep)

    def get_pending_count(self) -> int:
        """How many different images wait or are being loaded."""
        # A cancelled claim leaves the book only when its callback is called, on another thread, but leaves
        # the queue at once; the queue in its turn counts equal ids apart.
        lanes = self._lanes
        return min(self._claims.pending(), 0 if lanes is None else lanes.living())

    def stats(self) -> LoaderStats:
        """What was asked for since the loader was made, and what became of it."""
        return self._claims.stats()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio  # only who awaits pays for it

        await asyncio.to_thread(self.stop)

    def _claim(self, request: ImageLoadRequest, slot: Hashable | None = None) -> Claim:
        check(request.id, request.loader_func, request.callback, request.bounds, request.cache_key)
        return Claim(self._claims, request.id, request.loader_func, request.callback, request.cache_key, slot)

    def _submit(
        self, claim: Claim, priority: Priority, bounds: Bounds | None, group: tuple[str, str]
    ) -> Handle:
        self._claims.enter(claim)
        if claim.cache_key is not None:
            served = self._serve(claim)
            if served is not None:
                return served
        while True:
            lanes = self._lanes or self._open()
            try:
                return lanes.loads.submit(
                    claim.run,
                    key=claim.request_id,
                    group=group,
                    priority=priority,
                    bounds=bounds,
                    callback=claim.ended,
                )
            except ClosedError:
                if not self._renewed(lanes, (claim,)):
                    raise

    def _serve(self, claim: Claim) -> Handle | None:
        """Brings an image that is in the cache past all that waits; None when there is none.

        Before the start nothing is brought: the load will find the image.
        """
        if claim.cache_key is None or not self._running:
            return None
        image = self.cache.get(claim.cache_key)
        if image is None:
            return None
        self._claims.hit()
        return self._use(
            (claim,),
            lambda lanes: lanes.kept.submit(lambda: image, key=claim.request_id, callback=claim.ended),
        )

    def _use(self, claims: Iterable[Claim], ask: Callable[[Lanes], T]) -> T:
        while True:
            lanes = self._lanes or self._open()
            try:
                return ask(lanes)
            except ClosedError:
                if not self._renewed(lanes, claims):
                    raise

    def _renewed(self, lanes: Lanes, claims: Iterable[Claim]) -> bool:
        """After a ClosedError, whether a stop() came in between; else the claims are not to be had.

        What is asked for in the midst of a stop waits for the next start, in new queues.
        """
        if lanes is not self._lanes:
            return True
        for claim in claims:
            self._claims.leave(claim, "cancelled")
        return False

    def _open(self) -> Lanes:
        with self._lock:
            if self._lanes is None:
                self._lanes = Lanes(self.max_workers, started=self._running)
            return self._lanes

    def _cancel_requests(self, texture: str, keep: Collection[str]) -> int:
        """Those of a texture that no view holds."""
        if (lanes := self._lanes) is None:
            return 0
        named = lanes.loads.cancel(group=(TEXTURE, texture), keep=keep)
        where = None if family(texture) == texture else lambda handle: belongs(handle.key, texture)
        return named + lanes.loads.cancel(group=(FAMILY, family(texture)), where=where, keep=keep)

    def _renew(self) -> None:
        """Begins anew: at first, and in a forked child, where locks may be held by threads that are gone."""
        self._lock = threading.Lock()
        self._claims = Claims(self.cache, delivery_for(self.loop))
        self._lanes = None
        self.cache.renew()


def _wanted(request: ImageLoadRequest, claim: Claim) -> Request:
    return Request(
        request.id,
        claim.run,
        priority=tier(request.priority),
        bounds=request.bounds,
        callback=claim.ended,
    )
