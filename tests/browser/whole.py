"""A real station for a browser: ``rushes up`` with its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import rushes
from tests.browser.browsing import PATIENCE_S


@contextlib.contextmanager
def up(arguments: Sequence[str], folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """(URL of the page, the process) of ``rushes up`` in ``folder``; ended as by Ctrl-C, and killed if that fails."""
    command = [sys.executable, "-m", "rushes", "up", *arguments, "--bind", "127.0.0.1:0"]
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            yield _page_of(process), process
        finally:
            children = children_of(process.pid)
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                for pid in (*children, process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                process.communicate()
                rushes.sweep()
                raise


def children_of(pid: int) -> list[int]:
    """Pids of its children; none when it is gone."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _page_of(process: subprocess.Popen[str]) -> str:
    """The address that it prints. The rest of what it says waits in the pipe, which has room for minutes of it."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("page "):
            return line.split()[1] + "/"
    raise RuntimeError("rushes up ended without a page")
