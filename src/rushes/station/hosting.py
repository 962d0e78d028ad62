"""Running the hub that other stations join: what its process does.

In a process of its own: the server's start waits for its store to be read, and the station's parent waits for nobody.
When that parent is killed the kernel kills this process, and with it the server, so nothing is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.station.messages import Serving, Trouble
from rushes.wire.endpoint import parse
from rushes.wire.hub import Hub

if TYPE_CHECKING:
    from rushes.station.child import Link
    from rushes.station.messages import HubTask

__all__ = ["host_hub"]

_LOOK_S = 0.5


def host_hub(task: HubTask, link: Link) -> None:
    """Has the hub run until told to stop.

    ConfigError for keys or a folder that cannot be used; WireError when its server cannot start, or was given up.
    """

    def heard(what: str, detail: object) -> None:
        if what == "up":
            link.say(Serving(task.url))
        elif what == "down":
            link.say(Trouble(f"its server {detail}; it is started again"))
        elif what == "full":
            link.say(Trouble(str(detail)))

    with Hub(
        parse(f"tcp://{task.bind}"),
        folder=task.folder,
        max_bytes=task.max_bytes,
        keys=task.keys,
        on_event=heard,
    ) as hub:
        while not link.stop.wait(_LOOK_S):
            if hub.error is not None:
                raise hub.error
