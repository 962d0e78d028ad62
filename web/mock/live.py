"""The mock's live view: a channel's loop of pictures, two at most unanswered, as a station sends them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time

from pictures import FRAMES, figures, jpeg
from starlette.websockets import WebSocket, WebSocketDisconnect
from world import CHANNELS

__all__ = ["live_socket"]


async def live_socket(socket: WebSocket, started: float) -> None:
    """A channel's loop, with a credit of two."""
    await socket.accept()
    channel = socket.path_params["c"]
    _station, _source, fps, state, why = CHANNELS[channel]
    wish = {
        "w": int(socket.query_params.get("w") or 0),
        "fps": float(socket.query_params.get("fps") or 0),
        "credit": 2,
        "paused": False,
    }
    hello = {
        "type": "hello",
        "channel": channel,
        "codec": "jpeg",
        "mime": "image/jpeg",
        "width": 1280,
        "height": 720,
        "fps": fps,
        "figures": channel == "front",
    }
    await socket.send_text(json.dumps(hello))
    await socket.send_text(
        json.dumps({"type": "state", "state": state, "why": why, "since": time.time() - 64})
    )
    reader = asyncio.create_task(_read(socket, wish))
    dropped, last = 0, -1
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while not reader.done():
            now = time.time()
            rate = min(wish["fps"] or fps, 12.4 if state == "late" else fps)
            number = int((now - started) * rate)
            if not wish["paused"] and number != last:
                if wish["credit"] > 0:
                    head = struct.pack(">BBHIQQ", 1, 1, 0, 900, number, time.time_ns())
                    wish["credit"] -= 1
                    await socket.send_bytes(
                        head + jpeg(channel, number % FRAMES, min(1280, wish["w"] or 1280))
                    )
                    if channel == "front":
                        await socket.send_text(
                            json.dumps(
                                {
                                    "type": "figures",
                                    "number": number,
                                    "captured": now,
                                    "figures": figures(number),
                                }
                            )
                        )
                else:
                    dropped += 1
                    await socket.send_text(
                        json.dumps({"type": "drop", "total": dropped, "reason": {"slow viewer": dropped}})
                    )
            last = number
            if state == "lost":
                break
            await asyncio.sleep(max(0.0, started + (number + 1) / rate - time.time()))
        await reader


async def _read(socket: WebSocket, wish: dict[str, float]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, KeyError):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes"):
                wish["credit"] += 1
                continue
            word = json.loads(message["text"])
            if word["type"] == "ping":
                await socket.send_text(
                    json.dumps({"type": "pong", "t": word["t"], "server": time.time() * 1000})
                )
            elif word["type"] == "set":
                wish.update({key: word[key] for key in ("w", "fps") if key in word})
            else:
                wish["paused"] = word["type"] == "pause"
