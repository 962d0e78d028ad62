"""The page of a station and its HTTP interface. Needs the extra ``web``; nothing here is loaded before it is served."""

from __future__ import annotations

__all__: list[str] = []
