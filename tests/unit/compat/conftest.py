"""Doors are tried on both cores."""

from __future__ import annotations

from tests.conformance.conftest import core, place

__all__ = ["core", "place"]
