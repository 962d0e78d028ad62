"""Folders of hubs that were to go with their program, and whose program was killed: removed by the next one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from typing import TYPE_CHECKING

from rushes.wire.hub_lock import is_free

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PREFIX", "sweep"]

PREFIX = "rushes-hub-"
"""How the name of each such folder begins."""

_YOUNG_S = 10.0


def sweep(folder: Path, signs: Path) -> list[Path]:
    """Removes those in ``folder`` that are this user's and that no hub has, and from ``signs`` the links that lead to
    none; what was removed. One that was made just now may be about to get its lock, and is left.
    """
    gone = []
    for place in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = place.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            if time.time() - status.st_mtime > _YOUNG_S and is_free(place):
                shutil.rmtree(place, ignore_errors=True)
                gone.append(place)
    for sign in signs.glob("hub-*"):
        with contextlib.suppress(OSError):
            if sign.is_symlink() and not sign.exists():
                sign.unlink()
    return gone
