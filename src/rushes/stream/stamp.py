"""A line of text drawn onto pictures in passing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Stamp"]

_GREEN = (0, 255, 0, 255)
_LEFT = _TOP = 50
_DARKER = 3


class Stamp:
    """Draws in green on a darkened ground near the upper left corner, a thirtieth of the picture high at least.

    The text is rendered once for as long as it stays the same: on a picture it is then a few small operations, where
    going through Pillow would copy the whole of it twice.
    """

    def __init__(self) -> None:
        self._drawn: tuple[str, int] = ("", 0)
        self._letters: NDArray[np.bool_] = np.zeros((0, 0), bool)

    def put(self, array: Any, text: str) -> Any:
        """The array with the text on it: itself where it can be written, else a copy.

        What is no uint8 picture of (height, width) or (height, width, channels) comes back as it is.
        """
        if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim not in (2, 3):
            return array
        if not array.flags.writeable:
            array = array.copy()
        letters = self._render(text, max(16, array.shape[0] // 30))
        # Where the picture is too small to keep that distance it begins at the corner.
        top = _TOP if array.shape[0] > 2 * _TOP else 0
        left = _LEFT if array.shape[1] > 2 * _LEFT + letters.shape[1] else 0
        ground = array[top : top + letters.shape[0], left : left + letters.shape[1]]
        letters = letters[: ground.shape[0], : ground.shape[1]]
        ground //= _DARKER
        ground[letters] = _GREEN[: array.shape[2]] if array.ndim == 3 and array.shape[2] in (3, 4) else 255
        return array

    def _render(self, text: str, size: int) -> NDArray[np.bool_]:
        if self._drawn != (text, size):
            font: Any = ImageFont.load_default(size=size)
            box = font.getbbox(text)
            edge = size // 4
            image = Image.new("L", (round(box[2]) + 2 * edge, round(box[3]) + 2 * edge))
            ImageDraw.Draw(image).text((edge, edge), text, 255, font=font)
            self._letters = np.array(image) > 127
            self._drawn = (text, size)
        return self._letters
