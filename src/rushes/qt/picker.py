"""Choosing a part of the screen with the mouse."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, SourceLost
from rushes.qt.binding import QtCore, QtGui, QtWidgets
from rushes.qt.rects import band, to_pixels
from rushes.qt.signals import emit

if TYPE_CHECKING:
    from rushes.qt.rects import Region

__all__ = ["pick_region"]

SMALLEST = 4
"""Pixels a side; anything less was a click."""
SHADE = (8, 14, 24, 130)
PLATE = (8, 14, 24, 215)
EDGE = "#ffd84d"
TEXT = "#f2f5fa"
HINT = "Drag a rectangle   ·   Esc leaves without one"


def pick_region(display: str | None = None) -> Region | None:
    """Let the user draw a rectangle over a picture of the screen: (x, y, width, height) in screen pixels.

    None when they press Escape or the right button instead, or the program is told to quit. To be called on
    the thread of the program's windows, whose events go on meanwhile; without a QApplication one is made for
    the while. ``display`` names the X display, None is the program's own.

    The numbers are those that ``screen:x,y,w,h`` and ``CaptureController.start`` take, also on a scaled
    desktop. ConfigError on another thread and for another display than the program's windows are on;
    SourceUnavailable when the screen cannot be captured.
    """
    app = _application(display)
    if app.thread() != QtCore.QThread.currentThread():
        raise ConfigError("a region is picked on the thread of the program's windows: call pick_region there")
    veil = _Veil(_screenshot(display))
    loop = QtCore.QEventLoop()
    veil.done.connect(loop.quit)
    app.aboutToQuit.connect(loop.quit)
    veil.open()
    try:
        loop.exec()
    finally:
        veil.close()
    return veil.chosen


def _application(display: str | None) -> QtCore.QCoreApplication:
    app = QtWidgets.QApplication.instance()
    if app is None:
        return QtWidgets.QApplication([sys.argv[0], *(["-display", display] if display else [])])
    if not isinstance(app, QtWidgets.QApplication):
        raise ConfigError("a region is picked in a window: the program's application must be a QApplication")
    own = os.environ.get("DISPLAY")
    if display is not None and display != own:
        raise ConfigError(
            f"the program's windows are on display {own!r}, so nothing can be picked on {display!r}: "
            "pick in a program started there",
            option="display",
        )
    return app


def _screenshot(display: str | None) -> QtGui.QImage:
    """The screen as a capture sees it, so that the picked pixels are those that will be recorded.

    QScreen.grabWindow was left: it gives scaled units, and one monitor at a time.
    """
    from rushes.capture.sources import open_source

    source = open_source("screen:", display=display)
    try:
        frame = next(iter(source), None)
    finally:
        source.close()
    if frame is None:
        raise SourceLost("the screen gave no picture to pick from", uri="screen:")
    pixels = frame.to("bgra").array
    height, width = pixels.shape[:2]
    return QtGui.QImage(
        pixels.tobytes(), width, height, width * 4, QtGui.QImage.Format.Format_RGB32
    ).copy()  # a QImage does not keep the bytes it was made from


class _Veil(QtWidgets.QWidget):
    """A window over all screens: their picture, darkened but for what is chosen."""

    done = QtCore.Signal()

    def __init__(self, picture: QtGui.QImage) -> None:
        super().__init__()
        self._picture = picture
        self._start: tuple[int, int] | None = None
        self._end = (0, 0)
        self.chosen: Region | None = None
        kinds = QtCore.Qt.WindowType
        # Past the window manager, which would fit the window to one screen or leave room for its panels.
        self.setWindowFlags(
            kinds.FramelessWindowHint | kinds.WindowStaysOnTopHint | kinds.BypassWindowManagerHint
        )
        self.setWindowTitle("Choose a region")
        self.setCursor(QtCore.Qt.CursorShape.CrossCursor)
        # A program often hides its own windows first; this one's closing must not end it then.
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_QuitOnClose, False)

    def open(self) -> None:
        """Cover the screens and take the keys, which nobody hands to an unmanaged window."""
        self.setGeometry(QtGui.QGuiApplication.primaryScreen().virtualGeometry())
        self.show()
        self.raise_()
        self.activateWindow()
        self.grabKeyboard()

    def region(self) -> Region | None:
        """What is drawn just now."""
        if self._start is None:
            return None
        return band(self._start, self._end, (self._picture.width(), self._picture.height()))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Begins a rectangle; the right button leaves."""
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self._start = self._end = self._pixel(event)
        elif event.button() == QtCore.Qt.MouseButton.RightButton:
            self._leave(None)
        self.update()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """Draws it larger or smaller."""
        if self._start is not None:
            self._end = self._pixel(event)
            self.update()

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        """Ends it; a mere click begins anew."""
        if self._start is None or event.button() != QtCore.Qt.MouseButton.LeftButton:
            return
        self._end = self._pixel(event)
        region = self.region()
        self._start = None
        if region is not None and min(region[2:]) >= SMALLEST:
            self._leave(region)
        self.update()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Escape leaves without a region."""
        if event.key() == QtCore.Qt.Key.Key_Escape:
            self._leave(None)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """However it is closed, nobody may be left waiting."""
        self.releaseKeyboard()
        emit(self.done)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """The picture, the shade, the rectangle with its size."""
        painter = QtGui.QPainter(self)
        painter.drawImage(QtCore.QRectF(self.rect()), self._picture)
        region = self.region()
        lit = self._shown(region) if region else QtCore.QRectF()
        shade = QtGui.QPainterPath()
        shade.addRect(QtCore.QRectF(self.rect()))
        shade.addRect(lit)  # odd-even: a rectangle within the other is a hole
        painter.fillPath(shade, QtGui.QColor(*SHADE))
        if region is None:
            self._plate(painter, HINT, QtCore.QPointF(self.width() / 2, self.height() / 2))
            return
        painter.setPen(QtGui.QPen(QtGui.QColor(EDGE), 1))
        painter.drawRect(lit.adjusted(-1, -1, 0, 0))  # around it, not over its outer pixels
        x, y, width, height = region
        below = QtCore.QPointF(lit.center().x(), lit.bottom() + 22)
        if below.y() > self.height() - 16:
            below.setY(lit.bottom() - 22)
        self._plate(painter, f"{width} × {height}  at  {x}, {y}", below)

    def _plate(self, painter: QtGui.QPainter, text: str, middle: QtCore.QPointF) -> None:
        font = QtGui.QFont(painter.font())
        font.setPointSize(11)
        painter.setFont(font)
        box = QtCore.QRectF(painter.fontMetrics().boundingRect(text)).adjusted(-12, -6, 12, 6)
        box.moveCenter(middle)
        box.moveLeft(min(max(4.0, box.left()), self.width() - box.width() - 4))
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(*PLATE))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(QtGui.QColor(TEXT))
        painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, text)

    def _pixel(self, event: QtGui.QMouseEvent) -> tuple[int, int]:
        at = event.position()
        size = self._picture.width(), self._picture.height()
        return to_pixels((at.x(), at.y()), (self.width(), self.height()), size)

    def _shown(self, region: Region) -> QtCore.QRectF:
        across, down = self.width() / self._picture.width(), self.height() / self._picture.height()
        x, y, width, height = region
        return QtCore.QRectF(x * across, y * down, width * across, height * down)

    def _leave(self, region: Region | None) -> None:
        self.chosen = region
        self.close()
