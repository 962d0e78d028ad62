"""Decoding what strangers sent: whatever it is, it costs that frame alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.errors import CodecError, FrameError, FrameGone, WireError
from rushes.stream.outbox import Ready
from rushes.stream.sorting import Lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rushes.stream.inbox import Arrival
    from rushes.stream.outbox import Held

__all__ = ["attempt", "with_pixels"]

_log = logging.getLogger("rushes.stream")


def attempt(
    decode: Callable[[Any], NDArray[Any] | Held | Lost], message: Arrival
) -> NDArray[Any] | Held | Lost:
    """What ``decode`` makes of the message; Lost when it cannot."""
    number = message.header.number
    try:
        return decode(message)
    except FrameGone:
        return Lost("stale")
    except (WireError, CodecError, FrameError) as error:
        _log.warning("frame %d was refused: %s", number, error)
    except Exception:  # noqa: BLE001  one message that breaks a decoder must not end the thread for all others
        _log.exception("frame %d could not be decoded", number)
    return Lost("bad")


def with_pixels(ready: Ready) -> Ready | None:
    """The frame with its pixels made; None when that fails."""
    header, array = ready
    if isinstance(array, np.ndarray):
        return ready
    try:
        return Ready(header, array.pixels(header.format, header.shape))
    except (CodecError, FrameError) as error:
        _log.warning("frame %d was refused: %s", header.number, error)
        return None
