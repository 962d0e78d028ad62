"""The command line. One file per verb; each loads what it needs when it runs, so that help costs nothing.

Exit codes: 0 ok, 1 failed, 2 called wrongly or misconfigured, 3 done in part, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, RushesError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; ``arguments`` None takes the process's own."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except RushesError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE if isinstance(error, ConfigError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone. Python would complain once more when it flushes at
        # exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    from cyclopts import CycloptsError

    from rushes.cli.app import app

    try:
        code = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return USAGE  # it has said what is wrong
    return code if isinstance(code, int) else 0  # help and version return nothing
