"""One Qt application for all tests here: Qt never quite lets go of one."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication

# The signals are Qt's own, and so is all that could be tried.
collect_ignore_glob = ["test_*.py"] if find_spec("PySide6") is None else []


@pytest.fixture(scope="session", autouse=True)
def app() -> QCoreApplication:
    """Without a screen, so that it can be had anywhere."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6 import QtWidgets as widgets

    return widgets.QApplication.instance() or widgets.QApplication([])
