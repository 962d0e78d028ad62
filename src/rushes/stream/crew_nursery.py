"""Where a crew's processes come from, seen from inside: a process that has loaded what each of them needs, and forks.

It knows nothing of the user's, has no thread and no lock, and touches nothing of what it hands on: so a fork is safe
here, as it would not be in the program itself. A fresh interpreter takes a fifth of a second on an idle core and much
more on a busy one; a fork takes milliseconds, however many processes are killed in a row.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import time
import warnings

from rushes.stream import crew_child
from rushes.stream.crew_pipe import REAP
from rushes.wire.die_with_parent import die_with_parent

__all__ = ["main"]

_WORD_BYTES = 64
_REAP_S, _LOOK_S = 4.0, 0.002


def main(descriptor: int, parent: int) -> int:
    """Serves the process ``parent`` through the socket ``descriptor`` until that is closed. It returns in each process
    that was forked, too, when that one ends.
    """
    # The parent says when to end; a terminal's Ctrl-C to the whole group would overtake it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    # Libraries for numbers keep threads of their own, and know how to be forked.
    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork")
    os.set_inheritable(descriptor, False)
    own = os.getpid()
    with socket.socket(fileno=descriptor) as sock, contextlib.suppress(ConnectionError):
        while True:
            word, given, _, _ = socket.recv_fds(sock, _WORD_BYTES, 1)
            if word.startswith(REAP):
                sock.send(b"%d" % _reaped(int(word.removeprefix(REAP))))
            elif given:
                pid = _forked(given[0])
                if not pid:
                    break
                sock.send(b"%d" % pid)
            else:
                return 0
    return crew_child.main(given[0], own) if os.getpid() != own else 0


def _forked(descriptor: int) -> int:
    """The new process's id, or a negative error number; 0 in the new one, which has the ``descriptor``."""
    try:
        pid = os.fork()
    except OSError as error:
        pid = -(error.errno or errno.EAGAIN)
    # By both, whoever comes first: what is killed as a group must be one from the start.
    if pid >= 0:
        with contextlib.suppress(OSError):  # it may have ended already
            os.setpgid(pid, pid)
    if pid:
        os.close(descriptor)
    return pid


def _reaped(pid: int) -> int:
    """The exit code of a process that has ended or was killed; negative for a signal. One that the kernel holds, in a
    driver's call say, is left.
    """
    until_s = time.monotonic() + _REAP_S
    while time.monotonic() < until_s:
        try:
            done, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            break
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK_S)
    return -signal.SIGKILL
