"""A stand-in for a station, to work on the page without one: `python web/mock/server.py [PORT]`. For development only.

Serves the built page and answers as a station does, from invented data: no capture, no archive, no security.
/api/mock?mock=empty takes the channels away, ?mock=login asks for a token (it is "letmein"), ?mock= undoes both.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from live import live_socket
from pictures import jpeg
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect
from world import CHANNELS, CONFIG, DOCTOR, World, gaps, spans

if TYPE_CHECKING:
    from starlette.requests import Request

STATIC = Path(__file__).parents[2] / "src/rushes/server/static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
world = World()
mode = {"login": False, "in": True}


async def picture(request: Request) -> Response:
    """Now, or any moment that was recorded."""
    channel, query = request.path_params["c"], request.query_params
    t = float(query.get("t") or time.time())
    for a, b in gaps(world.started):
        if a < t < b:
            return JSONResponse(
                {"error": "nothing was recorded then", "remedy": "", "before": a, "after": b}, 404
            )
    if t < world.started:
        return JSONResponse(
            {"error": "nothing was recorded then", "remedy": "", "before": None, "after": world.started}, 404
        )
    fps = CHANNELS[channel][2]
    number = (
        int((t - world.started) * fps) if query.get("exact") != "0" else int(t - world.started) * int(fps)
    )
    captured = world.started + number / fps
    head = {"X-Frame-Number": str(number), "X-Captured-Ns": str(round(captured * 1e9) + 1), "X-Age-Ms": "12"}
    return Response(jpeg(channel, number, int(query.get("w") or 1280)), media_type="image/jpeg", headers=head)


async def channel_spans(request: Request) -> Response:
    """What was recorded."""
    a, b = float(request.query_params["from"]), float(request.query_params["to"])
    start = world.started + (0 if request.path_params["c"] == "card" else 700)
    return JSONResponse(spans(start, a, min(b, time.time())) if request.path_params["c"] != "desk" else [])


async def channel_thumbs(request: Request) -> Response:
    """Moments spread over a span."""
    query = request.query_params
    a, b, n = float(query["from"]), float(query["to"]), int(query.get("n", 10))
    return JSONResponse([{"t": a + (b - a) * (k + 0.5) / n} for k in range(n)])


async def channel_figures(request: Request) -> Response:
    """What was found when."""
    a, b = float(request.query_params["from"]), float(request.query_params["to"])
    found = [world.started + 800 + 240 * k for k in range(50)] if request.path_params["c"] == "front" else []
    return JSONResponse(
        [{"start": t, "end": t + 14, "count": 3, "kinds": {"box": 3}} for t in found if a < t < b]
    )


async def new_job(request: Request) -> Response:
    """A shot or an export."""
    body = await request.json()
    job = world.add("shot" if request.url.path == "/api/shots" else "export", body["channel"])
    if body["channel"] == "gate":
        job.update(
            state="error",
            error="no frame came within 10 s: the source is lost",
            remedy="Look at the channel on the Pipeline screen, then retry.",
            ended=time.time(),
            tries=2,
        )
    return JSONResponse({**job, "guid": job["id"]}, 202)


async def one_job(request: Request) -> Response:
    """Cancel, retry, or the file."""
    job = next(each for each in world.jobs if each["id"] == request.path_params["id"])
    if request.method == "DELETE":
        job.update(state="cancelled", ended=time.time())
    elif request.method == "POST":
        job.update(state="in_queue", created=time.time(), tries=job["tries"] + 1, error="", remedy="")
    return (
        Response(b"a file", media_type="application/octet-stream")
        if request.url.path.endswith("/file")
        else JSONResponse(job)
    )


async def history(request: Request) -> Response:
    """Ten minutes of an edge."""
    now = int(time.time())
    t = list(range(now - 600, now))
    fps = [29.9 + 0.2 * ((k * 7919) % 5 - 2) if not 200 < k < 214 else 11.0 for k in range(600)]
    return JSONResponse(
        {
            "edge": request.query_params.get("edge", ""),
            "t": t,
            "in": [30.0] * 600,
            "out": fps,
            "dropped": [max(0, 30 - each) if each < 20 else 0 for each in fps],
            "waiting": [k % 3 for k in range(600)],
        }
    )


async def session(request: Request) -> Response:
    """Who looks."""
    if request.method == "POST" and request.url.path == "/api/login":
        if (await request.json())["token"] != "letmein":
            return JSONResponse(
                {"error": "this token is not known", "remedy": "Ask for another, or wait 2 s and try again."},
                401,
            )
        mode["in"] = True
        return Response(status_code=204)
    return JSONResponse({"needed": mode["login"], "ok": mode["in"], "name": "wall screen"})


async def set_mode(request: Request) -> Response:
    """What the mock is to show."""
    wish = request.query_params.get("mock", "")
    world.empty, mode["login"], mode["in"] = wish == "empty", wish == "login", wish != "login"
    return Response(status_code=204)


async def live(socket: WebSocket) -> None:
    """One channel."""
    await live_socket(socket, world.started)


async def state_socket(socket: WebSocket) -> None:
    """Twice a second, all there is."""
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.send_text(json.dumps(world.state()))
            await asyncio.sleep(0.5)


def _json(make: object) -> object:
    async def answer(_request: Request) -> Response:
        return JSONResponse(make())  # type: ignore[operator]

    return answer


async def with_headers(request: Request, call_next: object) -> Response:
    """The policy that a real station sends."""
    answer: Response = await call_next(request)  # type: ignore[operator]
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


def routes() -> list[object]:
    """Everything the page asks for."""
    plain = {
        "/api/station": world.station,
        "/api/channels": world.channels,
        "/api/jobs": lambda: world.jobs,
        "/api/config": lambda: [
            dict(zip(("section", "key", "value", "where"), each, strict=True)) for each in CONFIG
        ],
        "/api/doctor": lambda: [
            {"name": n, "ok": ok, "found": f, "remedy": r, "fatal": False} for n, ok, f, r in DOCTOR
        ],
        "/api/tokens": lambda: [
            {
                "name": "wall screen",
                "created": time.time() - 9e5,
                "last_used": time.time() - 5,
                "hint": "rt_…f3a9",
            }
        ],
        "/api/schema": dict,
    }
    return [
        *(Route(path, _json(make)) for path, make in plain.items()),  # type: ignore[arg-type]
        *(Route(f"/api/{name}", session, methods=["GET", "POST"]) for name in ("session", "login", "logout")),
        *(Route(f"/api/channels/{{c}}/{name}.jpg", picture) for name in ("frame", "at")),
        Route("/api/channels/{c}/spans", channel_spans),
        Route("/api/channels/{c}/thumbs", channel_thumbs),
        Route("/api/channels/{c}/figures", channel_figures),
        *(Route(f"/api/{name}", new_job, methods=["POST"]) for name in ("shots", "exports")),
        *(
            Route(f"/api/jobs/{{id}}{end}", one_job, methods=["GET", "POST", "DELETE"])
            for end in ("", "/retry", "/file")
        ),
        Route("/api/pipeline/history", history),
        Route("/api/mock", set_mode),
        WebSocketRoute("/ws/state", state_socket),
        WebSocketRoute("/ws/live/{c}", live),
        Mount("/", StaticFiles(directory=STATIC, html=True)),
    ]


if __name__ == "__main__":
    layers = [Middleware(BaseHTTPMiddleware, dispatch=with_headers)]
    app = Starlette(routes=routes(), middleware=layers)  # type: ignore[arg-type]
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]) if len(sys.argv) > 1 else 8788,
        log_level="warning",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
