"""One picture for everybody who asks for the same: taken once, and each caller makes of it what it wants."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING

from rushes.errors import DeadlineExceeded, JobCancelled
from rushes.shots.files import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from rushes.shots.request import Picture, Token

__all__ = ["Share", "Shares"]


class Share:
    """The work of getting one picture, whoever of its callers does it.

    At most one takes at a time; the others who run meanwhile wait for it. Attempts are counted over all of
    them, so that a hundred callers on a dead camera ask it no more often than one would.
    """

    def __init__(self, key: Hashable = None) -> None:
        self.key = key
        self.callers = 0
        self.tries = 0
        self.picture: Picture | None = None
        self.error: BaseException | None = None
        self._given_up = False
        self._taker: object = None
        self._changed = threading.Condition()
        self._encoded: dict[str, bytes] = {}

    def get(
        self, caller: object, token: Token, max_tries: int, timeout_s: float, take: Callable[[], Picture]
    ) -> Picture:
        """The picture, by ``take`` unless somebody else has it or is getting it.

        Raises what ``take`` raised, what it raised for somebody else when the tries are used up,
        DeadlineExceeded when another's attempt did not end within ``timeout_s``, and JobCancelled at once when
        ``token`` says that this caller waits in vain.
        """
        token.on_cancel(self._wake)
        if (picture := self._wait_turn(caller, token, max_tries, timeout_s)) is not None:
            return picture
        taken, error = None, None
        try:
            taken = take()
            return taken
        except JobCancelled:  # this caller's own wish: nothing is said about the channel
            self.pass_on(caller)
            raise
        except Exception as failure:
            error = failure
            raise
        finally:
            with self._changed:
                if self._taker is caller:
                    self._taker = None
                if taken is not None:
                    self.picture = taken
                self.error = error or self.error
                self._changed.notify_all()

    def _wait_turn(self, caller: object, token: Token, max_tries: int, timeout_s: float) -> Picture | None:
        with self._changed:
            if not self._changed.wait_for(lambda: token.cancelled or self._settled, timeout_s):
                raise DeadlineExceeded("an equal shot before this one has not ended", timeout_s=timeout_s)
            if self.picture is not None:
                return self.picture
            if token.cancelled:
                raise JobCancelled("nobody waits for this shot any more", reason="on request")
            if self.spent(max_tries):
                # A copy, as one error raised in several threads would gather the tracebacks of all.
                raise copy.copy(self.error) if self.error else DeadlineExceeded("an equal shot has failed")
            self._taker = caller
            self.tries += 1
            return None

    @property
    def _settled(self) -> bool:
        return self.picture is not None or self._given_up or self._taker is None

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def spent(self, max_tries: int) -> bool:
        """Whether there will be no further attempt."""
        return self._given_up or self.tries >= max_tries

    def pass_on(self, caller: object) -> None:
        """That caller wants no picture any more: its attempt does not count, and the next may make one.

        What it began may hang for long; the others must not wait for it.
        """
        with self._changed:
            if self._taker is caller:
                self._taker = None
                self.tries -= 1
                self._changed.notify_all()

    def give_up(self, caller: object, error: BaseException) -> None:
        """The attempt of that caller is beyond recall: whoever waits for it, waits no longer."""
        with self._changed:
            if self._taker is caller:
                self._given_up = True
                self.error = error
                self._changed.notify_all()

    def encoded(self, picture: Picture, suffix: str) -> bytes:
        """The picture as a file of that kind, made once for all who want it."""
        if picture is not self.picture:
            return encoded(picture, suffix)
        data = self._encoded.get(suffix)
        if data is None:
            # Two at once may both make it: that costs a little time, a lock around it would cost more.
            data = self._encoded[suffix] = encoded(picture, suffix)
        return data


class Shares:
    """The pictures that somebody waits for, by what is asked. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[Hashable, Share] = {}

    def join(self, key: Hashable | None) -> Share:
        """The work under way for ``key``, or new work; None is shared with nobody."""
        with self._lock:
            share = self._by_key.get(key) if key is not None else None
            if share is None:
                share = Share(key)
                if key is not None:
                    self._by_key[key] = share
            share.callers += 1
            return share

    def part(self, share: Share) -> None:
        """Nobody may join any more: what was taken for "now" is the past to who comes later."""
        with self._lock:
            if share.key is not None and self._by_key.get(share.key) is share:
                del self._by_key[share.key]

    def leave(self, share: Share) -> None:
        """One caller has ended."""
        with self._lock:
            share.callers -= 1
            last = share.callers == 0
        if last:
            self.part(share)

    def __len__(self) -> int:
        return len(self._by_key)
