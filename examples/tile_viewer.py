"""Look at a map of 87,381 tiles that is far larger than memory: python examples/tile_viewer.py

Drag or use the arrow keys to move, the wheel or + and - to zoom, Home for the whole. Needs the extra "qt".
The map is made up: each tile is drawn and packed as JPEG the moment it is asked for, as a server would send it.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg
from PySide6.QtCore import QEventLoop, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from rushes import AsyncImageLoader, ImageLoadPriority, ImageLoadRequest

if TYPE_CHECKING:
    from PySide6 import QtGui

Tile = tuple[int, int, int]  # level, column, row
Array = np.ndarray[Any, Any]
SIDE, DEEPEST = 256, 8  # level 0 is one tile, level 8 is 256 × 256 of them
TILES = sum(4**level for level in range(DEEPEST + 1))
HEIGHTS = np.array([0.0, 0.30, 0.42, 0.475, 0.50, 0.515, 0.57, 0.66, 0.74, 0.82, 1.0])
COLORS = np.array(
    [
        [9, 28, 66], [14, 50, 102], [28, 92, 148], [66, 150, 186], [124, 196, 206],  # water
        [226, 212, 164], [112, 158, 84], [62, 112, 66], [122, 108, 86], [164, 156, 148], [250, 250, 252],
    ],
    dtype=float,
)  # fmt: skip


def noise(level: int, column: int, row: int, octave: int) -> Array:
    """Smooth values 0..1 with 5 × 2**octave cells across the map, at the tile's pixels and one beyond each edge."""
    cells = 5 << octave

    def along(tile: int) -> tuple[Array, Array]:
        at = (tile * SIDE + np.arange(-1, SIDE + 1) + 0.5) / (SIDE << level) * cells
        whole = np.floor(at)
        part = at - whole
        return whole.astype(np.int64), part * part * part * (part * (part * 6 - 15) + 10)

    (x, blend_x), (y, blend_y) = along(column), along(row)
    xs, ys = np.arange(x[0], x[-1] + 2), np.arange(y[0], y[-1] + 2)
    mixed = (xs * 374761393 + ys[:, None] * 668265263 + octave * 974711) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1274126177) & 0xFFFFFFFF
    corners = ((mixed ^ (mixed >> 16)) & 0xFFFF) / 65535.0
    rows = corners[y - y[0]] * (1 - blend_y)[:, None] + corners[y - y[0] + 1] * blend_y[:, None]
    blended: Array = rows[:, x - x[0]] * (1 - blend_x) + rows[:, x - x[0] + 1] * blend_x
    return blended


def draw_tile(tile: Tile) -> bytes:
    """The tile as JPEG: land and sea by height, lit from the north-west."""
    octaves = range(tile[0] + 6)  # down to what a pixel can show
    height = sum(noise(*tile, octave) * 0.52**octave for octave in octaves) * (1 - 0.52)
    height = np.clip((height - 0.5) * 1.7 + 0.52, 0, 1)
    slope = (height[1:-1, 2:] - height[1:-1, :-2] + height[2:, 1:-1] - height[:-2, 1:-1]) * 2.0 ** tile[0]
    land = height[1:-1, 1:-1]
    light = np.clip(1.0 + np.where(land > 0.5, 3.2, 0.9) * slope, 0.5, 1.4)
    pixels = np.stack([np.interp(land, HEIGHTS, COLORS[:, band]) * light for band in range(3)], axis=2)
    return bytes(simplejpeg.encode_jpeg(np.clip(pixels, 0, 255).astype(np.uint8), quality=88))


def load_tile(tile: Tile) -> QImage:
    """What the loader runs on its threads: fetch and decode. A QImage, unlike a QPixmap, may be made there."""
    pixels = simplejpeg.decode_jpeg(draw_tile(tile), colorspace="BGRA")
    return QImage(pixels.data, SIDE, SIDE, SIDE * 4, QImage.Format.Format_RGB32).copy()


class Viewer(QWidget):
    """The map. Centre in map units, the whole being 1 × 1; zoom in levels, one pixel per pixel at each."""

    arrived = Signal()

    def __init__(self, loader: AsyncImageLoader) -> None:
        super().__init__()
        self.loader = loader
        self.mid_x, self.mid_y, self.zoom = 0.5, 0.5, 2.0
        self.grabbed = QPoint()
        self.setWindowTitle("Tile viewer")
        self.resize(1120, 720)
        # Images come on the loader's threads; the signal brings the news over to this one.
        self.arrived.connect(self.update, Qt.ConnectionType.QueuedConnection)

    @property
    def unit(self) -> float:
        """Screen pixels per map unit."""
        return float(SIDE * 2.0**self.zoom)

    def visible(self, level: int) -> list[Tile]:
        """Tiles of one level that the window shows."""
        count = 2**level

        def along(middle: float, pixels: int) -> range:
            reach = pixels / 2 / self.unit
            return range(max(0, int((middle - reach) * count)), min(count, int((middle + reach) * count) + 1))

        columns, rows = along(self.mid_x, self.width()), along(self.mid_y, self.height())
        return [(level, column, row) for row in rows for column in columns]

    def levels(self) -> tuple[int, ...]:
        """From coarse, a sixty-fourth of the pixels and there in no time, to as fine as the screen."""
        finest = min(DEEPEST, max(0, math.ceil(self.zoom - 0.25)))
        return tuple(sorted({0, max(0, finest - 3), finest}))

    def look(self) -> None:
        """Tell the loader all that the view still lacks; what it no longer shows is cancelled by that."""
        wanted = [tile for level in self.levels() for tile in self.visible(level)]
        missing = [self.request(tile) for tile in wanted if self.loader.cache.get(tile) is None]
        self.loader.want("map", missing, focus=(self.mid_x, self.mid_y))
        self.update()

    def request(self, tile: Tile) -> ImageLoadRequest:
        level, column, row = tile
        side, finest = 2.0**-level, self.levels()[-1]
        return ImageLoadRequest(
            f"map_{level}_{column}_{row}",
            lambda: load_tile(tile),
            lambda image: self.arrived.emit(),
            ImageLoadPriority.NORMAL if level == finest else ImageLoadPriority.HIGH,
            bounds=(column * side, (column + 1) * side, row * side, (row + 1) * side),
            cache_key=tile,
        )

    def complete(self) -> bool:
        return all(self.loader.cache.get(tile) is not None for tile in self.visible(self.levels()[-1]))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), QColor("#0b1420"))
        painter.translate(
            self.width() / 2 - self.mid_x * self.unit, self.height() / 2 - self.mid_y * self.unit
        )
        shown = 0
        for level in range(self.levels()[-1] + 1):  # every level that happens to be there helps
            for tile in self.visible(level):
                image = self.loader.cache.get(tile)
                if image is not None:
                    side, shown = self.unit / 2**level, shown + 1
                    painter.drawImage(QRectF(tile[1] * side, tile[2] * side, side, side), image)
        painter.resetTransform()
        self.paint_overview(painter, shown)

    def paint_overview(self, painter: QPainter, shown: int) -> None:
        """Counts along the bottom, and the whole map small with what of it is in the window."""
        stats, whole = self.loader.stats(), self.loader.cache.get((0, 0, 0))
        text = f"level {self.levels()[-1]} of {DEEPEST}  ·  {shown} tiles shown  ·  {stats.pending} waiting"
        text += f"  ·  {stats.loaded:,} of {TILES:,} loaded  ·  {stats.cancelled:,} cancelled"
        painter.fillRect(0, self.height() - 30, self.width(), 30, QColor(8, 14, 24, 205))
        painter.setPen(QColor("#dfe7f2"))
        painter.setFont(QFont("DejaVu Sans", 10))
        painter.drawText(14, self.height() - 10, text)
        if whole is None:
            return
        painter.translate(self.width() - 142, self.height() - 172)
        painter.setPen(QPen(QColor(8, 14, 24, 205), 6))
        painter.drawRect(QRectF(0, 0, 128, 128))
        painter.drawImage(QRectF(0, 0, 128, 128), whole)
        painter.setPen(QPen(QColor("#ffd84d"), 1.5))
        wide, high = self.width() / self.unit, self.height() / self.unit
        seen = QRectF((self.mid_x - wide / 2) * 128, (self.mid_y - high / 2) * 128, wide * 128, high * 128)
        painter.drawRect(seen.intersected(QRectF(0, 0, 128, 128)))

    def move_to(self, x: float, y: float) -> None:
        self.mid_x, self.mid_y = min(1.0, max(0.0, x)), min(1.0, max(0.0, y))
        self.look()

    def zoom_by(self, steps: float, at: QPointF | None = None) -> None:
        """Zoom, keeping the place under ``at`` where it is."""
        off_x, off_y = ((at.x() - self.width() / 2), (at.y() - self.height() / 2)) if at else (0.0, 0.0)
        before = self.unit
        self.zoom = min(DEEPEST + 1.0, max(0.0, self.zoom + steps))
        self.move_to(
            self.mid_x + off_x / before - off_x / self.unit, self.mid_y + off_y / before - off_y / self.unit
        )

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        self.look()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self.grabbed = event.position().toPoint()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        moved, self.grabbed = event.position().toPoint() - self.grabbed, event.position().toPoint()
        self.move_to(self.mid_x - moved.x() / self.unit, self.mid_y - moved.y() / self.unit)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        self.zoom_by(event.angleDelta().y() / 480, event.position())

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        step = 120 / self.unit
        moves: dict[Qt.Key, tuple[float, float]] = {Qt.Key.Key_Left: (-step, 0), Qt.Key.Key_Right: (step, 0)}
        moves |= {Qt.Key.Key_Up: (0, -step), Qt.Key.Key_Down: (0, step)}
        zooms = {Qt.Key.Key_Plus: 0.5, Qt.Key.Key_Equal: 0.5, Qt.Key.Key_Minus: -0.5}
        key = Qt.Key(event.key())
        if key in moves:
            self.move_to(self.mid_x + moves[key][0], self.mid_y + moves[key][1])
        elif key in zooms:
            self.zoom_by(zooms[key])
        elif key == Qt.Key.Key_Home:
            self.mid_x, self.mid_y, self.zoom = 0.5, 0.5, 1.5
            self.look()
        elif key == Qt.Key.Key_Escape:
            self.close()


def main(argv: list[str]) -> int:
    options = argparse.ArgumentParser(description="A viewer of a map of many tiles")
    options.add_argument("--at", default="0.5,0.5,2", metavar="X,Y,ZOOM", help="where to look first")
    options.add_argument(
        "--screenshot", metavar="FILE", help="write the window once it is complete, and leave"
    )
    chosen = options.parse_args(argv)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    with AsyncImageLoader() as loader:
        viewer = Viewer(loader)
        viewer.mid_x, viewer.mid_y, viewer.zoom = (float(part) for part in chosen.at.split(","))
        viewer.show()
        if chosen.screenshot is None:
            return app.exec()
        while loader.get_pending_count():
            app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        return 0 if viewer.complete() and viewer.grab().save(chosen.screenshot) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
