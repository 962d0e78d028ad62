"""The one place that names the Qt binding: ``from rushes.qt.binding import QtCore, QtGui, QtWidgets``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rushes.errors import MissingExtra

if TYPE_CHECKING:
    from PySide6 import QtCore, QtGui, QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets"]

if not TYPE_CHECKING:
    # Each part when it is first named: QtCore loads anywhere, QtGui only where there is a graphics library.
    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return importlib.import_module(f"PySide6.{name}")
        except ImportError as error:
            raise MissingExtra(
                f"{name} of PySide6 cannot be loaded ({error}): install it with pip install 'rushes[qt]'",
                extra="qt",
                name="PySide6",
            ) from error
