"""A hub as a program, perhaps in another network namespace: ``python -m tests.support.hub_node PLAN``.

PLAN: ``address`` to bind, ``folder``, and ``options`` of the Hub. It says "ready" with its ``url`` and the ``pid`` of
its server; asked for "pid" it says which that is now.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from rushes.wire.endpoint import parse
from rushes.wire.hub import Hub
from tests.support.stream_nodes import Orders, say


def main(plan: dict[str, Any]) -> None:
    with Hub(parse(plan["address"]), folder=plan["folder"], **plan.get("options", {})) as hub:
        orders = Orders(
            pid=lambda: {"pid": hub.stats().pid}, restarts=lambda: {"restarts": hub.stats().restarts}
        )
        say("ready", url=hub.url, pid=hub.stats().pid)
        orders.stopped.wait()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
