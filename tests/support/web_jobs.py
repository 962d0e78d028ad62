"""Waiting for what was ordered by HTTP."""

from __future__ import annotations

import time
from typing import Any


def ended(client: Any, id: str, within_s: float = 20) -> Any:
    """The job once it has ended, one way or another."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        job = client.get(f"/api/jobs/{id}").json()
        if job["state"] in ("success", "error", "cancelled"):
            return job
        time.sleep(0.02)
    raise AssertionError(f"{id} has not ended: {job}")
