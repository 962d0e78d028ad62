"""The addresses of the live view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route, WebSocketRoute

from rushes.errors import ConfigError, DeadlineExceeded, QueueFull, SourceError, WireError
from rushes.server.fleet_mjpeg import FleetMjpeg
from rushes.server.fleet_relay import relay
from rushes.server.live_hub import LiveHub
from rushes.server.live_socket import LiveSocket
from rushes.server.mjpeg import MjpegResponse
from rushes.server.problems import Refused, answer_for, problem_of
from rushes.server.rendition_key import asked_for

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp
    from starlette.websockets import WebSocket

    from rushes.server.state import ServerState

__all__ = ["live_routes"]


def live_routes(state: ServerState, hub: LiveHub | None = None) -> list[BaseRoute]:
    """``/ws/live/{channel}`` and ``/api/channels/{channel}/live.mjpg``.

    What they begin ends when ``state.stopping`` is set. ``hub`` has the places of all viewers; its own without one.
    """
    hub = hub or LiveHub(state)

    async def socket(websocket: WebSocket) -> None:
        channel = websocket.path_params["channel"]
        owner = state.fleet.owner(channel)
        if owner is not None:
            await relay(state, websocket, owner)
            return
        try:
            key = asked_for(channel, websocket.query_params)
            state.channel(channel)
        except (ConfigError, SourceError) as error:
            await websocket.send_denial_response(answer_for(*problem_of(error)))
            return
        await websocket.accept()
        await LiveSocket(state, hub, websocket, key).run()

    async def mjpeg(request: Request) -> ASGIApp:
        channel = request.path_params["channel"]
        owner = state.fleet.owner(channel)
        try:
            if owner is not None:
                return await FleetMjpeg.of(state, owner, request.query_params)
            return MjpegResponse(state, hub, asked_for(channel, request.query_params))
        except (ConfigError, SourceError, QueueFull, WireError, DeadlineExceeded, Refused) as error:
            return answer_for(*problem_of(error))

    return [
        WebSocketRoute("/ws/live/{channel}", socket),
        Route("/api/channels/{channel}/live.mjpg", mjpeg, methods=["GET"]),
    ]
