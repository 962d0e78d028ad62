"""The application: the table's routes, the sockets, the live view and the page, behind one guard."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from rushes.errors import RushesError
from rushes.server.endpoints import route
from rushes.server.guard import Guard
from rushes.server.live_hub import LiveHub
from rushes.server.live_routes import live_routes
from rushes.server.openapi import description
from rushes.server.problems import refusal
from rushes.server.push import state_route
from rushes.server.refusals import refusals
from rushes.server.static_page import FOLDER, page_routes
from rushes.server.table import TABLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from rushes.server.state import ServerState

__all__ = ["create_app"]

_SAMPLE_S = 1.0


def create_app(state: ServerState, *, page: Path = FOLDER) -> Starlette:
    """Everything that ``state``'s station answers. Its lifespan takes a sample of all edges once a second.

    The state stays the caller's to close.
    """
    routes: list[BaseRoute] = [route(each) for each in TABLE]
    routes += [Route("/openapi.json", _describe, methods=["GET"]), state_route(state)]
    live = LiveHub(state)
    routes += live_routes(state, live)
    routes += refusals(routes)
    routes += page_routes(page)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        works = {
            asyncio.create_task(_sample(state), name="samples"),
            asyncio.create_task(state.fleet.run(live), name="fleet"),
        }
        try:
            yield
        finally:
            for work in works:
                work.cancel()
            await asyncio.wait(works)

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, state=state)],
        exception_handlers={HTTPException: refusal, RushesError: refusal, Exception: refusal},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.rushes = state
    return app


async def _describe(_request: Request) -> Response:
    return Response(description(), media_type="application/json", headers={"Cache-Control": "no-cache"})


async def _sample(state: ServerState) -> None:
    while not state.stopping.stopped:
        # No board for a moment is a gap in the history, and no reason to end it.
        with suppress(RushesError):
            board, own = state.board(), state.edges.states()
            mine = {each.name for each in own}
            # Each with the time it was counted at: the board's figures may be half a second old, which would show as
            # frames a second that go up and down.
            theirs = [each for each in board.edges if each.name not in mine]
            state.history.note(theirs, board.now_ns / 1e9)
            state.history.note(own, state.clock.wall_ns() / 1e9)
        await asyncio.sleep(_SAMPLE_S)
