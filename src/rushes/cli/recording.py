"""What ``rushes capture`` and ``rushes recv`` share: the options of a recording, where it goes, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rushes.cli import INTERRUPTED
from rushes.errors import ConfigError

if TYPE_CHECKING:
    from rushes.capture.recorder import Summary

__all__ = ["Kind", "Overwrite", "Quality", "check_place", "code_of", "kind_of"]

_PARTIAL = 3
# What these ended with is kept and whole, but less than was asked for.
_CUT_SHORT = ("source lost", "disk full", "disk error", "budget")

Kind = Annotated[
    str | None, Parameter("--format", help="mp4, jpeg, qoi or png; by the name of OUT if absent.")
]
Overwrite = Annotated[
    bool,
    Parameter(
        "--overwrite",
        negative=(),
        show_default=False,
        help="Take the place of an mp4 that is there, once this one is whole.",
    ),
]
Quality = Annotated[int, Parameter("--quality", help="1 to 100.")]


def kind_of(out: str, format: str | None) -> str:
    """The format that was asked for, or the one that the name says."""
    return format or ("mp4" if out.lower().endswith(".mp4") else "jpeg")


def check_place(kind: str, target: str, *, overwrite: bool) -> None:
    """Before a source is opened for nothing; what comes there in between the recorder itself refuses. Raises
    ConfigError.
    """
    if kind != "mp4":
        if overwrite:
            raise ConfigError(
                "--overwrite is for an mp4; pictures need a folder without any", option="--overwrite"
            )
        return
    place = Path(target)
    if place.exists() and not place.is_file():
        raise ConfigError(f"{target} exists; give the name of a file", option="--out")
    if place.is_file() and not overwrite:
        raise ConfigError(f"{target} exists; give another name, or --overwrite", option="--out")


def code_of(summary: Summary) -> int:
    """The exit code that the end of a recording means."""
    if summary.reason == "cancelled":
        return INTERRUPTED
    return _PARTIAL if summary.reason in _CUT_SHORT else 0
