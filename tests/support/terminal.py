"""A shell in a terminal of its own, typed into as a person would, for tests of what documents say."""

from __future__ import annotations

import os
import pty
import re
import secrets
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

_LINE = re.compile(r"\r+\n?|\x1b\[2K")  # a line that is replaced becomes two
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """bash in a pseudo terminal wide enough that no line is broken; closed, with all that runs in it, by ``close``."""

    def __init__(self, cwd: Path, environment: dict[str, str], *, patience_s: float = 60.0) -> None:
        self._ours, theirs = pty.openpty()
        self._patience_s = patience_s
        self._shown = ""
        self._process = subprocess.Popen(
            # The terminal becomes its own, so that Ctrl-C and jobs work as for a person.
            ["setsid", "--ctty", "bash", "--norc", "--noprofile"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**environment, "TERM": "xterm", "PS1": "", "PS2": ""},
        )
        os.close(theirs)
        self.run("stty -echo columns 220 rows 50; bind 'set enable-bracketed-paste off' 2>/dev/null")

    @property
    def shown(self) -> str:
        """All that was printed so far, without colours and movements."""
        self._read(0.0)
        return self._shown

    def run(self, command: str) -> tuple[int, str]:
        """Types a command and waits for its end: its exit code, and what it printed."""
        begin = len(self._shown)
        mark = secrets.token_hex(8)
        # On the command's own line, or a command that reads keys would take it; and in two words, as a terminal that
        # still echoes would show the mark before the command has ended.
        self.type(f"{command}; echo :{mark[:8]}''{mark[8:]}:$?\n")
        said = self.until(rf":{mark}:(\d+)", begin)
        return int(said[1]), self._shown[begin : said.start()]

    def type(self, text: str) -> None:
        """Presses these keys."""
        os.write(self._ours, text.encode())

    def until(self, pattern: str, begin: int = 0) -> re.Match[str]:
        """Waits until that was printed, from that place on; fails with what was printed instead."""
        end = time.monotonic() + self._patience_s
        while True:
            found = re.compile(pattern, re.MULTILINE).search(self._shown, begin)
            if found:
                return found
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError(f"not shown: {pattern}\n{self._shown[begin:]}")
            self._read(0.2)

    def close(self) -> None:
        """Ends all that runs in it."""
        try:
            self._end(signal.SIGTERM)
            self.type("\x15exit\n")
            self._process.wait(10)
        except (subprocess.TimeoutExpired, OSError):
            self._end(signal.SIGKILL)
            self._process.kill()
        self._process.wait(10)
        os.close(self._ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _end(self, by: signal.Signals) -> None:
        """Whatever has the terminal now, unless that is the shell."""
        group = os.tcgetpgrp(self._ours)
        if group not in (0, self._process.pid):
            os.killpg(group, by)

    def _read(self, wait_s: float) -> None:
        while select.select([self._ours], [], [], wait_s)[0]:
            try:
                part = os.read(self._ours, 65536)
            except OSError:  # the shell has gone
                return
            self._shown += _CONTROL.sub("", _LINE.sub("\n", part.decode(errors="replace")))
            wait_s = 0.0
