"""A process that ends with the one that started it, whatever ends that.

Run as a script, ``python die_with_parent.py PARENT PROGRAM ARGUMENT...``, it binds itself and becomes the program: the
kernel keeps the order across exec. That is on the way to a server that must be up in milliseconds, so nothing of
rushes is imported here. Giving the order in a ``preexec_fn`` was rejected: that runs Python between fork and exec,
where a lock another thread held hangs it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__ = ["die_with_parent"]

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when the thread that started it ends; ends it now if that has happened.

    Only Linux can do it. Elsewhere the end of the parent has to be noticed by what is read from it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died between starting us and the line above
        os._exit(1)


def _become(parent: int, program: str, arguments: list[str]) -> None:
    die_with_parent(parent)
    os.umask(0o077)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
