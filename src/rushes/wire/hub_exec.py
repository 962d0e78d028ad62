"""The step between a hub and its server: binds the process to its parent's life, then becomes the server.

Run as a script, ``python hub_exec.py PARENT PROGRAM ARGUMENT...``, and imports nothing of rushes: it is on the way
to a server that must be up in milliseconds. The kernel keeps the order to die across exec. Giving it in a
``preexec_fn`` was rejected: that runs Python between fork and exec, where a lock another thread held hangs it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, program: str, arguments: list[str]) -> None:
    """Becomes ``program``; it is killed when the thread that started it ends. Only Linux can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died between starting us and the line above
        os._exit(1)
    os.umask(0o077)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
