"""The web process of a station as the station starts it, with nothing else of the station."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from rushes.station.messages import Failed, Serving, Stop, WebTask
from rushes.station.processes import Child

PATIENCE_S = 30.0


class WebProcess:
    """Started by ``with``; ``url`` once it serves, ``heard`` all that it said."""

    def __init__(self, station: str, data: Path, *, bind: str = "127.0.0.1:0", hub: str = "") -> None:
        self.child = Child(
            WebTask(name="web", parent=os.getpid(), station=station, bind=bind, data=str(data), hub=hub)
        )
        self.heard: list[Any] = []

    def __enter__(self) -> WebProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close()

    def word(self, kind: type) -> Any:
        """The first word of that kind, waited for."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            self.heard += self.child.hear()
            found = next((each for each in self.heard if isinstance(each, kind)), None)
            if found is not None:
                return found
            time.sleep(0.01)
        raise TimeoutError(
            f"no {kind.__name__} within {PATIENCE_S:g} s; heard {self.heard}, {self.child.cause()}"
        )

    @property
    def url(self) -> str:
        """Where it serves; waits until it does."""
        word: Serving = self.word(Serving)
        return word.url

    @property
    def failure(self) -> Failed:
        """Why it could not; waits until it says so."""
        word: Failed = self.word(Failed)
        return word

    def stop(self) -> float:
        """Tells it to end and waits for that; the seconds it took."""
        began_s = time.monotonic()
        self.child.tell(Stop())
        self.ended()
        return time.monotonic() - began_s

    def ended(self) -> None:
        """Waits for its end."""
        until = time.monotonic() + PATIENCE_S
        while self.child.running():
            if time.monotonic() > until:
                raise TimeoutError(f"still there after {PATIENCE_S:g} s")
            self.heard += self.child.hear()
            time.sleep(0.01)
