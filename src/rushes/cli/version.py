"""``rushes version``: which release this is, and what it runs on."""

from __future__ import annotations

import platform
import sys

from rushes.cli.options import Json, print_json

__all__ = ["version", "version_text"]


def version_text() -> str:
    """The release, alone."""
    import rushes

    return str(rushes.__version__)


def version(*, json: Json = False) -> int:
    """Print the version, the Python it runs on, and whether the compiled core is there."""
    # Not rushes.native_status: that loads the core, and with it numpy, only to know a name.
    from importlib.util import find_spec

    compiled = find_spec("rushes._native._core") is not None
    if json:
        print_json(
            {
                "version": version_text(),
                "python": platform.python_version(),
                "platform": sys.platform,
                "compiled_core": compiled,
            }
        )
    else:
        core = "compiled core" if compiled else "pure-Python core"
        print(f"rushes {version_text()} (Python {platform.python_version()}, {sys.platform}, {core})")
    return 0
