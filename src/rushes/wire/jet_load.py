"""How much work a hub has had and has left: what is needed to tell whether the workers keep up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from rushes.wire import jet_names as names
from rushes.wire import jet_stores
from rushes.wire.jetstream import JetLink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rushes.wire.jet_session import Session
    from rushes.wire.jet_stores import Backlog

__all__ = ["Load", "LoadLink"]


@dataclass(frozen=True, slots=True)
class Load:
    """A track's work at one moment, beside how many items ever ``arrived`` in its store."""

    arrived: int
    backlog: Backlog


class LoadLink(JetLink):
    """A link that looks and changes nothing."""

    def load(self, stream: str, tracks: Iterable[str] | None = None) -> dict[str, Load]:
        """Each track's load. Name the ``tracks`` in a role that may not ask which there are, as a worker's.

        WireError when there is no such store or track; PeerGone, AccessDenied.
        """
        names.check_stream(stream)
        named = None if tracks is None else [names.check_track(each) for each in tracks]
        return self._ask(lambda session: _load(session, stream, named))


class _State(msgspec.Struct):
    last_seq: int = 0


class _Info(msgspec.Struct):
    state: _State = msgspec.field(default_factory=_State)


async def _load(session: Session, stream: str, tracks: list[str] | None) -> dict[str, Load]:
    store = names.work_store(stream)
    found = await jet_stores.work_backlog(session, stream, tracks)
    asked = session.client.request(f"$JS.API.STREAM.INFO.{store}", timeout=5)
    answer = await session.ask(asked, store)
    arrived = msgspec.json.decode(answer.data, type=_Info).state.last_seq
    return {track: Load(arrived, backlog) for track, backlog in found.items()}
