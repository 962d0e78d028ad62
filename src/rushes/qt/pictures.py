"""Pixmaps as files."""

from __future__ import annotations

from typing import Any

from rushes.errors import ConfigError, EncodeError
from rushes.qt.binding import QtCore, QtGui

__all__ = ["encoded"]


def encoded(pixmap: Any, quality: int) -> tuple[bytes, str]:
    """The bytes of a picture file and its suffix: JPEG for a quality of 0 to 100, PNG for -1.

    ConfigError for what is neither QPixmap nor QImage, EncodeError for an empty one.
    """
    # QPixmap.save holds Python's lock for as long as it takes; QImage.save lets other threads go on.
    image = pixmap.toImage() if isinstance(pixmap, QtGui.QPixmap) else pixmap
    if not isinstance(image, QtGui.QImage):
        raise ConfigError(f"a picture to save is {pixmap!r}: give a QPixmap or a QImage")
    format = "png" if quality < 0 else "jpg"
    room = QtCore.QBuffer()
    room.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    # The stubs ask for bytes, the call for str.
    if not image.save(room, format.upper(), quality):  # type: ignore[call-overload]
        raise EncodeError(
            f"a picture of {image.width()} × {image.height()} pixels cannot be saved as {format}",
            format=format,
        )
    return bytes(room.data().data()), format
