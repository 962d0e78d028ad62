"""The door of the capture worker is Qt's, and so is all that could be tried."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = ["test_capture_worker.py"] if find_spec("PySide6") is None else []
