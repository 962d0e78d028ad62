"""Grabbing by X's shared-memory extension: the server copies the pixels into memory that both can see.

MIT-SHM, as the protocol document of the X Consortium describes it (GetImage with a segment).
"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import xcffib
import xcffib.shm
from xcffib import xproto

from rushes.capture.screen.region import Region, fit
from rushes.errors import SourceLost, SourceUnavailable
from rushes.limits import check_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.codecs.colour import Pixels

__all__ = ["XShm"]

_IPC_PRIVATE, _IPC_RMID = 0, 0
_MODE = 0o600
_Z_PIXMAP = 2
_ALL_PLANES = 0xFFFFFFFF


class XShm:
    """One region of one X screen. One thread at a time.

    Raises SourceUnavailable when the display cannot be reached, shares no memory (it is on another machine),
    or has pixels that are not 32 bits of blue, green, red; ConfigError for a region that is not on it.
    """

    name = "x-shm"

    def __init__(self, display: str, wanted: Sequence[int] | None) -> None:
        self._display = display
        self._memory: _Segment | None = None
        try:
            self._connection: Any = xcffib.connect(display=display)  # type: ignore[no-untyped-call]
        except xcffib.ConnectionException as error:
            raise SourceUnavailable(
                f"there is no X display {display!r}: {type(error).__name__}", uri=display
            ) from None
        try:
            self._open(wanted)
        except (xcffib.ConnectionException, xcffib.ProtocolException, xcffib.XcffibException) as error:
            self.close()
            raise SourceUnavailable(
                f"X display {display!r} shares no memory with this program: {type(error).__name__}",
                uri=display,
            ) from None
        except BaseException:  # whatever it is, the connection and the segment are given back
            self.close()
            raise

    def grab(self) -> Pixels:
        """The pixels of now, (height, width, 4) BGRX, valid until the next grab. SourceLost when X is gone."""
        region = self.region
        try:
            self._shm.GetImage(self._root, *region, _ALL_PLANES, _Z_PIXMAP, self._id, 0).reply()
        except (xcffib.ConnectionException, xcffib.ProtocolException) as error:
            raise SourceLost(
                f"X display {self._display!r} is gone: {type(error).__name__}", uri=self._display
            ) from None
        return self._pixels

    def close(self) -> None:
        """Gives connection and memory back. Idempotent."""
        _quietly(self._connection.disconnect)
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()

    def _open(self, wanted: Sequence[int] | None) -> None:
        connection = self._connection
        screen = connection.get_setup().roots[connection.pref_screen]
        self.region: Region = fit(wanted, screen.width_in_pixels, screen.height_in_pixels)
        check_pixels(self.region.width, self.region.height)
        self._check_layout(screen)
        self._root = screen.root
        self._shm = connection(xcffib.shm.key)
        self._shm.QueryVersion().reply()
        size = self.region.width * self.region.height * 4
        self._memory = _Segment(size)
        self._id = connection.generate_id()
        self._shm.AttachChecked(self._id, self._memory.id, False).check()
        self._memory.forget_name()
        flat = np.frombuffer(self._memory.view, np.uint8, size)
        self._pixels: Pixels = flat.reshape(self.region.height, self.region.width, 4)
        self.grab()

    def _check_layout(self, screen: Any) -> None:
        setup = self._connection.get_setup()
        depth = screen.root_depth
        bits = next((each.bits_per_pixel for each in setup.pixmap_formats if each.depth == depth), 0)
        if depth not in (24, 32) or bits != 32 or setup.image_byte_order != xproto.ImageOrder.LSBFirst:
            raise SourceUnavailable(
                f"X display {self._display!r} has {depth} bits of colour in {bits} bits per pixel; only 24 in 32 "
                "are understood",
                uri=self._display,
            )


class _Segment:
    """A piece of System V shared memory without a name once both sides hold it.

    The kernel keeps such memory for ever unless it was marked for removal: marked at once, it goes with the
    last process that holds it, however that ends.
    """

    def __init__(self, size: int) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.shmat.restype = ctypes.c_void_p
        self._libc.shmat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
        self._libc.shmdt.argtypes = (ctypes.c_void_p,)
        self._libc.shmget.argtypes = (ctypes.c_int, ctypes.c_size_t, ctypes.c_int)
        self.id = self._checked(self._libc.shmget(_IPC_PRIVATE, size, _MODE), size)
        self._address = self._libc.shmat(self.id, None, 0)
        if self._address in (None, ctypes.c_void_p(-1).value):
            self.forget_name()
            self._checked(-1, size)
        # Linux lets others attach to memory that is marked already, so there is no moment to be killed in.
        self.forget_name()
        self.view = memoryview((ctypes.c_ubyte * size).from_address(self._address)).cast("B")

    def forget_name(self) -> None:
        """Marks it for removal; more than once is no harm."""
        self._libc.shmctl(self.id, _IPC_RMID, None)

    def close(self) -> None:
        """Lets go of the memory; its view must not be used any more."""
        address, self._address = self._address, None
        if address:
            self._libc.shmdt(address)

    @staticmethod
    def _checked(result: int, size: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise SourceUnavailable(
                f"the system gives no {size} bytes of shared memory for the screen: {os.strerror(number)}"
            )
        return result


def _quietly(close: Any) -> None:
    try:
        close()
    except xcffib.ConnectionException:
        return  # it was gone already
