"""Every request that is answered, in one table: routes and their description are made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushes.server import (
    routes_archive,
    routes_channels,
    routes_jobs,
    routes_pipeline,
    routes_settings,
    routes_station,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.server.endpoints import Endpoint

__all__ = ["TABLE"]

TABLE: Sequence[Endpoint] = (
    *routes_station.ENDPOINTS,
    *routes_channels.ENDPOINTS,
    *routes_archive.ENDPOINTS,
    *routes_jobs.ENDPOINTS,
    *routes_pipeline.ENDPOINTS,
    *routes_settings.ENDPOINTS,
)
