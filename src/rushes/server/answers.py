"""What is answered, as structs: the one source of the JSON and of its description (pure). Times are epoch seconds,
durations seconds unless the name says ``_ms``, sizes bytes.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

__all__ = [
    "ChannelAnswer",
    "Checked",
    "ConfigAnswer",
    "DepotAnswer",
    "EdgeAnswer",
    "Figures",
    "Health",
    "History",
    "JobAnswer",
    "NewsAnswer",
    "Pipeline",
    "Session",
    "ShotAnswer",
    "SpanAnswer",
    "StageAnswer",
    "StateAnswer",
    "StationAnswer",
    "StationLink",
    "Stats",
    "Thumb",
    "TokenAnswer",
    "Usage",
    "WebStats",
]

JobState = Literal["in_queue", "saving", "success", "error", "cancelled"]


class Answer(Struct, frozen=True, kw_only=True):
    """Base of all."""


class Health(Answer, frozen=True):
    """``state``: "live", "late" or "lost", the worst of what there is; ``text`` says it in a sentence."""

    state: Literal["live", "late", "lost"]
    text: str


class Usage(Answer, frozen=True):
    """How much is used of what may be; no budget: None."""

    used: int
    budget: int | None = None


class StationLink(Answer, frozen=True):
    """A station that this one knows, itself included."""

    name: str
    url: str
    state: str
    channels: list[str]


class NewsAnswer(Answer, frozen=True):
    """Something that happened."""

    t: float
    text: str


class StationAnswer(Answer, frozen=True):
    """The station at a glance. ``now`` is its clock; ``memory`` is that of depots, ``processes`` of all, depots too."""

    name: str
    version: str
    pid: int
    started: float
    now: float
    host: str
    health: Health
    memory: Usage
    processes: Usage
    disk: Usage
    archive: bool
    web: str
    stations: list[StationLink]
    needs_login: bool
    news: list[NewsAnswer]


class DepotAnswer(Answer, frozen=True):
    """Where a channel's frames lie."""

    name: str
    slots: int
    held: int
    slot_bytes: int


class ChannelAnswer(Answer, frozen=True):
    """One channel. ``dropped`` counts all that any of its edges dropped, ``lost`` those that no policy allowed."""

    name: str
    station: str
    source: str
    fps: float
    fps_target: float
    width: int
    height: int
    format: str
    state: str
    why: str
    since: float
    age_p50_ms: float
    age_p95_ms: float
    dropped: int
    lost: int
    recorded: bool
    figures: bool
    backend: str
    depot: DepotAnswer


class SpanAnswer(Answer, frozen=True):
    """Recorded without a pause."""

    start: float
    end: float


class Thumb(Answer, frozen=True):
    """A moment that there is a picture of."""

    t: float


class Figures(Answer, frozen=True):
    """Figures were shown: the most at once, of each kind too; which these are where few seconds were asked for."""

    start: float
    end: float
    count: int
    kinds: dict[str, int]
    figures: list[dict[str, Any]] | UnsetType = UNSET


class JobAnswer(Answer, frozen=True, rename={"from_": "from"}):
    """A shot or an export. ``thumb`` and ``file`` are addresses here, null while there is nothing."""

    id: str
    kind: Literal["shot", "export"]
    channel: str
    state: JobState
    tries: int
    created: float
    ended: float | None
    progress: float
    bytes: int
    path: str
    error: str = ""
    remedy: str = ""
    thumb: str | None = None
    file: str | None = None
    from_: float | None = None
    to: float | None = None
    t: float | None = None


class ShotAnswer(Answer, frozen=True):
    """A shot on its way."""

    guid: str
    path: str
    state: JobState
    channel: str = ""
    t: float | None = None
    error: str = ""
    frame_number: int | None = None
    captured: float | None = None
    age: float | None = None


class StageAnswer(Answer, frozen=True):
    """One process's line of work; ``cpu`` seconds of processor time, ``rss`` bytes of memory."""

    name: str
    kind: str
    channel: str
    pid: int | None
    state: str
    restarts: int
    cause: str
    cpu: float
    rss: int


class EdgeAnswer(Answer, frozen=True):
    """A ledger: offered = delivered + sum(dropped) + waiting, which ``adds_up`` confirms."""

    name: str
    source: str
    target: str
    channel: str
    offered: int
    delivered: int
    dropped: dict[str, int]
    waiting: int
    limit: int | None
    allowed: list[str]
    fps_in: float
    fps_out: float
    lost: int
    adds_up: bool


class Pipeline(Answer, frozen=True):
    """How frames flow."""

    stages: list[StageAnswer]
    edges: list[EdgeAnswer]


class History(Answer, frozen=True, rename={"in_": "in"}):
    """A point a second, the newest last: frames a second in, out and dropped, and how many waited."""

    edge: str
    t: list[float]
    in_: list[float]
    out: list[float]
    dropped: list[float]
    waiting: list[int]


class ConfigAnswer(Answer, frozen=True):
    """A setting as read; secrets masked."""

    section: str
    key: str
    value: str
    where: str


class Checked(Answer, frozen=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    remedy: str
    fatal: bool


class TokenAnswer(Answer, frozen=True):
    """A token, by its first letters."""

    name: str
    created: float
    last_used: float | None
    hint: str


class Session(Answer, frozen=True):
    """Whether one must log in, and whether one has."""

    needed: bool
    ok: bool
    name: str


class WebStats(Answer, frozen=True):
    """The web process itself."""

    pid: int
    started: float
    requests: int
    state_sockets: int
    jobs_waiting: int
    jobs_running: int


class Stats(Answer, frozen=True):
    """All counters."""

    station: StationAnswer
    channels: list[ChannelAnswer]
    edges: list[EdgeAnswer]
    web: WebStats


class StateAnswer(Answer, frozen=True):
    """What /ws/state sends."""

    station: StationAnswer
    channels: list[ChannelAnswer]
    jobs: list[JobAnswer]
    edges: list[EdgeAnswer]
    stages: list[StageAnswer]
