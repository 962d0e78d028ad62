"""The public names: all there, all documented, cheap to import."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

import rushes
from rushes import errors
from tests.architecture.source import report

HEAVY = {"numpy", "PIL", "simplejpeg", "zmq", "nats", "av", "starlette", "uvicorn"}


def test_names_are_listed_once_and_in_order() -> None:
    # Constants, classes, functions: the order that the linter wants of such lists.
    assert list(rushes.__all__) == sorted(
        set(rushes.__all__), key=lambda name: (not name.isupper(), name[0].islower(), name)
    )


@pytest.mark.parametrize("name", rushes.__all__)
def test_name_can_be_imported_and_is_documented(name: str) -> None:
    thing = getattr(rushes, name)
    if inspect.isclass(thing):
        report([f"{name}{missing}" for missing in undocumented(thing)])
    elif callable(thing):
        assert thing.__doc__, name


def test_every_error_is_public() -> None:
    classes = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
    kinds = {name for name, kind in classes.items() if issubclass(kind, errors.RushesError)}
    assert kinds <= set(errors.__all__)
    assert kinds <= set(rushes.__all__)


@pytest.mark.parametrize("program", ["import rushes", "import rushes; rushes.ConfigError"])
def test_import_loads_nothing_heavy(program: str) -> None:
    seen = run("-c", f"import sys; {program}; print(*sys.modules)").stdout.split()
    assert "rushes" in seen
    assert HEAVY.isdisjoint(seen)


@pytest.mark.skipif(find_spec("rushes.__main__") is None, reason="there is no command line yet")
def test_help_loads_nothing_heavy() -> None:
    done = run("-X", "importtime", "-m", "rushes", "--help")
    log = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    seen = {line.rpartition("|")[2].strip() for line in log}
    assert "rushes" in seen
    assert HEAVY.isdisjoint(seen)
    assert "rushes" in done.stdout


def undocumented(kind: type[Any]) -> list[str]:
    """The class itself ("") and its public methods and properties (".name") that say nothing of their own."""
    missing = [] if kind.__dict__.get("__doc__") else [""]
    for owner in kind.__mro__:
        if not owner.__module__.startswith("rushes"):
            continue
        for name, member in vars(owner).items():
            target = member.__func__ if isinstance(member, staticmethod | classmethod) else member
            described = inspect.isfunction(target) or isinstance(target, property)
            if described and not name.startswith("_") and not target.__doc__:
                missing.append(f".{name}")
    return missing


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
