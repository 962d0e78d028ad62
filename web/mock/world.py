"""What the mock's station is like at a moment: six channels of two stations, one of them lost, with their books."""

from __future__ import annotations

import math
import time
from typing import Any

__all__ = ["CHANNELS", "CONFIG", "DOCTOR", "World", "gaps", "spans"]

_MIB = 1 << 20
CHANNELS = {
    "card": ("attic", "testcard:1280x720@30", 30.0, "live", ""),
    "front": ("attic", "rtsp://***@cam-front/stream1", 25.0, "live", ""),
    "yard": ("attic", "rtsp://***@cam-yard/stream1", 25.0, "live", ""),
    "gate": (
        "attic",
        "rtsp://***@cam-gate/stream1",
        15.0,
        "lost",
        "the camera refuses the connection; the next try is in 8 s",
    ),
    "desk": ("attic", "screen:0,0,1280,720", 25.0, "late", "12.4 of 25 fps come"),
    "dock": ("barn", "rtsp://***@cam-dock/stream1", 15.0, "live", ""),
}
CONFIG = [
    ("station", "name", "attic", "station.toml:2"),
    ("station", "data", "~/rushes-data", "default"),
    ("budget", "memory", "512 MiB", "station.toml:5"),
    ("budget", "disk", "20 GiB", "station.toml:6"),
    ("channel front", "source", "rtsp://user:***@cam-front/stream1", "station.toml:10"),
    ("channel front", "fps", "25", "station.toml:11"),
    ("channel front", "when_full", "drop_oldest", "default"),
    ("archive", "max_age", "14d", "station.toml:31"),
    ("web", "bind", "127.0.0.1:8787", "default"),
]
DOCTOR = [
    ("shared memory", True, "12.0 GiB free of 12.6 GiB", ""),
    ("native core", True, "compiled core in use", ""),
    ("h264", True, "PyAV 19.0 with libx264", ""),
    (
        "open files",
        False,
        "1024 may be open at once; 6 channels may need 1400",
        "ulimit -n 4096 before rushes up, or LimitNOFILE=4096 in the unit",
    ),
    ("clock", True, "monotonic and UTC agree within 1 ms", ""),
]


def gaps(start: float) -> list[tuple[float, float]]:
    """Where nothing was recorded since ``start``."""
    return [(start + 5400, start + 5460), (start + 9000, start + 9900), (start + 12000, start + 12003)]


def spans(start: float, begin: float, end: float) -> list[dict[str, float]]:
    """What was recorded since ``start``, as far as it lies in begin to end."""
    out, at = [], start
    for a, b in [*gaps(start), (end, end)]:
        if a > at:
            out.append({"start": max(at, begin), "end": min(a, end)})
        at = b
    return [each for each in out if each["end"] > each["start"]]


class World:
    """The station since ``started``."""

    def __init__(self) -> None:
        self.started = time.time() - 4 * 3600
        self.jobs: list[dict[str, Any]] = []
        for k, (kind, state) in enumerate(
            [
                ("shot", "success"),
                ("export", "success"),
                ("shot", "error"),
                ("export", "cancelled"),
                ("move", "success"),
            ]
        ):
            self.add(kind, "front" if k % 2 else "card", state=state, created=time.time() - 300 * (k + 1))
        self.empty = False

    def add(self, kind: str, channel: str, **more: Any) -> dict[str, Any]:
        """A new job."""
        job: dict[str, Any] = {
            "id": f"{len(self.jobs) + 1:08x}",
            "kind": kind,
            "channel": channel,
            "state": "in_queue",
            "tries": 1,
            "created": time.time(),
            "ended": None,
            "progress": 0.0,
            "bytes": 0,
            "error": "",
            "remedy": "",
            "thumb": None,
            "file": None,
            "path": f"shots/{channel} (2026.11.21 17-02-1{len(self.jobs) % 10}.250).jpg",
            **more,
        }
        if job["state"] == "success":
            self._finish(job, job["created"] + 0.4)
        if job["state"] == "error":
            job.update(
                ended=job["created"] + 20,
                tries=2,
                error="no frame came within 10 s: the source is lost",
                remedy="Look at the channel on the Pipeline screen, then retry.",
            )
        self.jobs.insert(0, job)
        return job

    def _finish(self, job: dict[str, Any], now: float) -> None:
        job.update(
            state="success",
            progress=1.0,
            ended=now,
            bytes=181_000 if job["kind"] == "shot" else 9_400_000,
            thumb=f"/api/channels/{job['channel']}/at.jpg?t={job['created']}&exact=0&w=160",
            file=f"/api/jobs/{job['id']}/file",
        )

    def work(self) -> None:
        """Brings the jobs forward."""
        now = time.time()
        for job in self.jobs:
            if job["state"] in ("in_queue", "saving"):
                length = 0.6 if job["kind"] == "shot" else 8.0
                job["state"], job["progress"] = "saving", min(0.99, (now - job["created"]) / length)
                if now - job["created"] > length:
                    self._finish(job, now)

    def state(self) -> dict[str, Any]:
        """What the state socket sends."""
        self.work()
        return {
            "station": self.station(),
            "channels": self.channels(),
            "jobs": self.jobs,
            "edges": self.edges(),
            "stages": self.stages(),
        }

    def station(self) -> dict[str, Any]:
        """GET /api/station."""
        now = time.time()
        used = int((171 + 4 * math.sin(now / 9)) * _MIB)
        health = {
            "state": "late",
            "text": f"4 of 6 channels live · 0 lost in 10 min · {used // _MIB} of 512 MiB",
        }
        fleet = [
            {"name": "attic", "url": "", "state": "live", "channels": ["card"]},
            {"name": "barn", "url": "http://barn:8787", "state": "live", "channels": ["dock"]},
        ]
        return {
            "name": "attic",
            "version": "0.1.0",
            "pid": 4242,
            "started": self.started,
            "now": now,
            "host": "attic.lan",
            "health": health,
            "memory": {"used": used, "budget": 512 * _MIB},
            "processes": {"used": used + 410 * _MIB, "budget": None},
            "disk": {"used": 7_400 * _MIB, "budget": 20_480 * _MIB},
            "archive": True,
            "web": "http://127.0.0.1:8787",
            "stations": fleet,
            "needs_login": False,
            "news": [
                {"t": now - 64, "text": "gate source: the camera refuses the connection"},
                {
                    "t": now - 1300,
                    "text": "edges 1 was killed by signal 9; restarted after 0.4 s, nothing lost",
                },
            ],
        }

    def channels(self) -> list[dict[str, Any]]:
        """GET /api/channels."""
        now = time.time()
        return (
            []
            if self.empty
            else [
                {
                    "name": name,
                    "station": station,
                    "source": source,
                    "fps_target": fps,
                    "width": 1280,
                    "height": 720,
                    "format": "i420",
                    "fps": 0.0
                    if state == "lost"
                    else 12.4
                    if state == "late"
                    else fps - 0.1 + 0.1 * math.sin(now),
                    "state": state,
                    "why": why,
                    "since": now - 64 if state == "lost" else self.started,
                    "age_p50_ms": 11.0,
                    "age_p95_ms": 18.0,
                    "dropped": 0,
                    "lost": 0,
                    "backend": source.partition(":")[0],
                    "recorded": name != "desk",
                    "figures": name == "front",
                    "depot": {"name": name, "slots": 64, "held": 3, "slot_bytes": 1_382_400},
                }
                for name, (station, source, fps, state, why) in CHANNELS.items()
            ]
        )

    def stages(self) -> list[dict[str, Any]]:
        """The processes."""
        names = [(f"{name} source", "source", name) for name in CHANNELS if name != "dock"]
        names += [
            ("front edges", "dealer", "front"),
            ("front edges worker 1", "work", "front"),
            ("front edges worker 2", "work", "front"),
            ("recorder", "recorder", ""),
            ("streamer", "streamer", ""),
            ("web", "web", ""),
        ]
        return (
            []
            if self.empty
            else [
                {
                    "name": name,
                    "kind": kind,
                    "channel": channel,
                    "pid": 4300 + k,
                    "state": "restarting" if channel == "gate" else "running",
                    "restarts": 7 if channel == "gate" else 1 if name == "front edges worker 1" else 0,
                    "cpu": (time.time() - self.started) * (0.02 + 0.03 * (k % 4)),
                    "rss": (40 + 11 * (k % 5)) * _MIB,
                    "cause": "the camera refuses the connection"
                    if channel == "gate"
                    else "killed by signal 9"
                    if name == "front edges worker 1"
                    else "",
                }
                for k, (name, kind, channel) in enumerate(names)
            ]
        )

    def edges(self) -> list[dict[str, Any]]:
        """The ledgers."""
        pairs = []
        for name in CHANNELS:
            if name != "dock":
                pairs += [(f"{name} source", name, name), (name, "recorder", name), (name, "streamer", name)]
        pairs += [
            ("front", "front edges", "front"),
            ("front edges", "figures", "front"),
            ("card", "web", "card"),
            ("front", "web", "front"),
            ("recorder", "archive", ""),
            ("streamer", "wire", ""),
        ]
        return [] if self.empty else [self._edge(k, *pair) for k, pair in enumerate(pairs)]

    def _edge(self, k: int, source: str, target: str, channel: str) -> dict[str, Any]:
        fps = CHANNELS[channel][2] if channel else 105.0
        lost = channel == "gate"
        offered = int((time.time() - self.started) * fps) if not lost else 81_233
        dropped = (
            {"late": 12}
            if channel == "desk" and target == "desk"
            else {"missed": 340}
            if target.startswith("edges")
            else {}
        )
        if target == "streamer" and channel == "yard":
            dropped = {"stale": 41}
        waiting = 2 if target == "archive" else 0
        now_fps = 0.0 if lost else fps
        return {
            "name": f"{source} -> {target}",
            "source": source,
            "target": target,
            "channel": channel,
            "offered": offered,
            "delivered": offered - sum(dropped.values()) - waiting,
            "dropped": dropped,
            "waiting": waiting,
            "limit": 256 if target == "archive" else 64 if k % 3 else None,
            "allowed": ["missed"] if "missed" in dropped else ["late"],
            "lost": dropped.get("stale", 0),
            "fps_in": now_fps,
            "fps_out": now_fps * (0.96 if dropped else 1),
            "adds_up": True,
        }
