"""The stations that this one knows of: for now itself alone, behind the seam at which others join."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from rushes.errors import unknown_name
from rushes.server.answers import StationLink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.server.answers import ChannelAnswer
    from rushes.server.state import ServerState

__all__ = ["Fetched", "Fleet", "Itself"]


class Fetched(NamedTuple):
    """What another station answered: its status, the headers worth passing on, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Fleet(Protocol):
    """Knows stations, and gets answers from them. Any thread may call ``list``, ``channels`` and ``owner``."""

    def list(self) -> Sequence[StationLink]:
        """All stations, this one first."""
        ...

    def channels(self) -> Sequence[ChannelAnswer]:
        """The channels of the other stations, each under the name to be used in addresses: channel_station."""
        ...

    def owner(self, channel: str) -> tuple[str, str] | None:
        """(station, its own name of the channel) for the name of another station's channel; None for any other."""
        ...

    async def fetch(self, station: str, path: str) -> Fetched:
        """What ``station`` answers to GET ``path``, query included. UnknownName for one that is not known,
        PeerGone or DeadlineExceeded when it does not answer.
        """
        ...


class Itself:
    """A fleet of one."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def list(self) -> Sequence[StationLink]:
        """This one."""
        from rushes.server.views import health

        board = self._state.board()
        return [
            StationLink(
                name=board.station,
                url=board.web,
                state=health(self._state, board).state,
                channels=[each.name for each in board.channels],
            )
        ]

    def channels(self) -> Sequence[ChannelAnswer]:
        """None."""
        return []

    def owner(self, channel: str) -> tuple[str, str] | None:
        """Nobody else's."""
        return None

    async def fetch(self, station: str, path: str) -> Fetched:
        """There is nobody to ask."""
        raise unknown_name("other station", station, ())
