"""Doors are tried on both cores."""

from __future__ import annotations

from importlib.util import find_spec

from tests.conformance.conftest import core, place

__all__ = ["collect_ignore_glob", "core", "place"]

collect_ignore_glob = ["test_capture_worker*.py"] if find_spec("PySide6") is None else []
