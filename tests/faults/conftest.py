"""Faults are tried on both cores, with the fixtures of the conformance tests."""

from __future__ import annotations

from tests.conformance.conftest import attach, core, disk, make, place

__all__ = ["attach", "core", "disk", "make", "place"]
