"""Chooses the core of depots, compiled or pure, and says why.

The compiled core is taken where it was built. ``RUSHES_CORE=pure`` asks for the twin, ``RUSHES_CORE=native``
makes its absence an error. A segment is always served by the kind of core that made it: the two guard their
critical sections by different means and must never meet in one segment.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, cast

from rushes._native import layout
from rushes.errors import ConfigError, SegmentMismatch

if TYPE_CHECKING:
    from rushes._native.core import Module

__all__ = ["compiled", "default_kind", "module", "native_status"]

_CHOICE = "RUSHES_CORE"
_MODULES = {layout.CORE_NATIVE: "rushes._native._core", layout.CORE_PURE: "rushes._native.pure"}


def _compiled_trouble() -> str:
    try:
        importlib.import_module(_MODULES[layout.CORE_NATIVE])
    except ImportError as error:
        return str(error)
    return ""


def default_kind() -> int:
    """The kind of core that new depots get. Raises ConfigError for a choice that cannot be had."""
    choice = os.environ.get(_CHOICE, "")
    if choice not in ("", "native", "pure"):
        raise ConfigError(f"{_CHOICE} must be 'native', 'pure' or empty, not {choice!r}")
    if choice == "pure":
        return layout.CORE_PURE
    trouble = _compiled_trouble()
    if not trouble:
        return layout.CORE_NATIVE
    if choice == "native":
        raise ConfigError(
            f"{_CHOICE}=native, but the compiled core is missing ({trouble}): reinstall with a C++ compiler"
        )
    return layout.CORE_PURE


def module(kind: int) -> Module:
    """The module of one kind of core. Raises SegmentMismatch when this installation lacks it."""
    try:
        return cast("Module", importlib.import_module(_MODULES[kind]))
    except ImportError as error:
        raise SegmentMismatch(
            f"the depot was made by a compiled core, which this installation lacks ({error}): "
            "reinstall rushes with a C++ compiler, or start its creator with RUSHES_CORE=pure",
            expected="native",
            found="pure",
        ) from error


def compiled() -> Any | None:
    """The compiled module, for what it does besides depots; None where it is not built or ``RUSHES_CORE=pure``."""
    if os.environ.get(_CHOICE) == "pure":
        return None
    try:
        return importlib.import_module(_MODULES[layout.CORE_NATIVE])
    except ImportError:
        return None


def native_status() -> str:
    """One line on which core new depots get, and why: ``native core: yes`` or ``native core: no (…)``."""
    if default_kind() == layout.CORE_NATIVE:
        return "native core: yes"
    if os.environ.get(_CHOICE) == "pure":
        return f"native core: no ({_CHOICE}=pure asks for the pure-Python twin)"
    why = _compiled_trouble()
    return f"native core: no ({why}); the pure-Python twin runs: correct, slower, and it polls while waiting"
