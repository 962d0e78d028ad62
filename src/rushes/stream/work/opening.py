"""Where a streamer's frames go to be worked on: into a hub, or to the processes of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.stream.work.near_link import SCHEMES
from rushes.stream.work.near_out import NearOut

if TYPE_CHECKING:
    import os

    from rushes.metrics import Edge
    from rushes.stream.wire_out import Packing
    from rushes.stream.work.work_out import WorkOut
    from rushes.wire.endpoint import Endpoint

__all__ = ["open_work"]


def open_work(
    endpoint: Endpoint,
    packing: Packing,
    tracks: tuple[str, ...],
    *,
    keys: str | os.PathLike[str] | None,
    insecure: bool,
    edge: Edge,
    name: str,
) -> WorkOut | NearOut:
    """As :class:`rushes.stream.work.work_out.WorkOut`. WireError when the endpoint is in use."""
    if endpoint.scheme in SCHEMES:
        return NearOut(endpoint, packing, tracks, keys=keys, edge=edge, name=name)
    from rushes.stream.work.work_out import WorkOut  # loads the client of hubs, which is not needed here

    return WorkOut(endpoint, packing, tracks, keys=keys, insecure=insecure, edge=edge, name=name)
