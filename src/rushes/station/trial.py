"""Whether a worker's function can be had, found out before anything is changed for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rushes
from rushes.errors import ConfigError

__all__ = ["check_call"]

# In a process of its own: what a user's module does when it is imported is not for the station's. The folders are those
# that workers look in.
_TRY = """
import os, sys
sys.path += [sys.argv[1], os.getcwd()]
from rushes.errors import ConfigError
from rushes.stream.calling import resolve
try:
    resolve(sys.argv[2])
except ConfigError as error:
    sys.exit(str(error))
"""
_PATIENCE_S = 20.0
_TEXT = 400


def check_call(call: str, name: str) -> None:
    """Returns when ``call`` can be imported, or takes more than 20 s for it; else ConfigError with the reason."""
    home = str(Path(rushes.__file__).parents[1])
    line = [sys.executable, "-P", "-c", _TRY, home, call]
    try:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return  # the worker itself will tell
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise ConfigError(f"work {name}: {said[-1][:_TEXT]}", option="work.call")
