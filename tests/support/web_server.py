"""An application served for real, by the server that a station uses, on a thread of the test's process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rushes.server.app import create_app
from rushes.server.serving import Server, bound
from rushes.server.state import ServerState


@contextmanager
def served(
    station: str,
    data: Path,
    *,
    bind: str = "127.0.0.1:0",
    prepare: Callable[[ServerState], object] = lambda state: None,
) -> Iterator[tuple[str, ServerState]]:
    """(URL, state) of the application of ``station`` while it is served. ``prepare`` has the state before that."""
    with ServerState(station, bind=bind, data=data) as state, bound(bind) as listener:
        prepare(state)
        port = listener.getsockname()[1]
        server = Server(create_app(state))
        begun = threading.Event()

        async def run() -> None:
            running = asyncio.create_task(server.serve(sockets=[listener]))
            await server.begun.wait()
            begun.set()
            await running

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        try:
            if not begun.wait(20):
                raise TimeoutError("the server did not begin within 20 s")
            yield f"http://127.0.0.1:{port}", state
        finally:
            state.stopping.set()
            server.should_exit = True
            thread.join(20)
