"""The tables of names in docs/howto/moving-from-*.md are true and complete.

Rows are | before | now | works | what you get |. What stands in backquotes under "now" is looked up in the door, or
anywhere from ``rushes.`` on: names, arguments with their defaults, and values after "=".
"""

from __future__ import annotations

import ast
import asyncio
import enum
import importlib
import inspect
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.seeds.documented import DOCUMENTED

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
HEAD = ["before", "now", "works", "what you get"]
WORKS = {"yes", "differently", "no", "new"}
OF_QT = "staticMetaObject"

DOORS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == "capture_worker" and find_spec("PySide6") is None, reason="needs Qt"
        ),
    )
    for name in DOCUMENTED
]


@dataclass
class Row:
    is_new: bool
    before: list[str]
    now: list[str]
    works: str
    told: str


@cache
def rows(door: str) -> list[Row]:
    lines = (HOWTO / f"moving-from-{door.replace('_', '-')}.md").read_text(encoding="utf-8").splitlines()
    found, inside = [], False
    for line in lines:
        # A bar inside a cell would be one of its columns, in these tables as for their readers.
        cells = [each.strip() for each in line.strip().strip("|").split("|")] if line.startswith("|") else []
        inside = cells == HEAD or (inside and len(cells) == len(HEAD))
        if inside and cells != HEAD and set(cells[0]) != set("-"):
            before, now = (re.findall(r"`([^`]+)`", cell) for cell in cells[:2])
            found.append(Row(cells[0] == "–", before, now, *cells[2:]))
    assert found, f"{door} has no table {HEAD}"
    return found


def keys(span: str) -> set[str]:
    """A name, and each of its arguments in brackets: f(a, b=1) is f, f(a) and f(b)."""
    node = parsed(span)
    if not isinstance(node, ast.Call):
        return {ast.unparse(node)}
    name = ast.unparse(node.func)
    return {name} | {f"{name}({arg})" for arg in arguments(node)}


def parsed(span: str) -> ast.expr:
    (statement,) = ast.parse(span).body
    if isinstance(statement, ast.Assign):
        return statement.targets[0]
    assert isinstance(statement, ast.Expr), span
    return statement.value


def arguments(call: ast.Call) -> dict[str, ast.expr | None]:
    by_place: dict[str, ast.expr | None] = {ast.unparse(each): None for each in call.args}
    return by_place | {str(each.arg): each.value for each in call.keywords}


def all_keys(door: str, column: str) -> set[str]:
    return {key for row in rows(door) for span in getattr(row, column) for key in keys(span)}


def module_of(door: str) -> ModuleType:
    return importlib.import_module(f"rushes.compat.{door}")


def looked_up(door: str, name: str, *, of_object: bool = False) -> Any:
    """What a dotted name stands for. Of what only objects have, or ``of_object``, that of a new object."""
    found: Any = importlib.import_module("rushes") if name.startswith("rushes.") else module_of(door)
    for part in name.removeprefix("rushes.").split("."):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            found = importlib.import_module(f"{found.__name__}.{part}")
        elif isinstance(found, type) and (of_object or not hasattr(found, part)) and has_sample(door, found):
            with sample(door, found) as made:
                found = getattr(made, part)
        else:
            found = getattr(found, part)
    return found


ENDPOINT = f"ipc://tables-{os.getpid()}"
SAMPLES: dict[str, tuple[Any, ...]] = {
    "capture_worker.Worker": (None, 80),
    "shot_saver.ShotSaver": (10, None),
    "frames_depot.FramesDepot": ((4, 4, 3), f"tables-{os.getpid()}", 2),
    "async_image_loader.ImageLoadRequest": ("id", bytes, print),
    "async_image_loader.AsyncImageLoader": (),
    "pystreaming.Streamer": (ENDPOINT,),
    "pystreaming.Receiver": (ENDPOINT,),
    "pystreaming.Worker": ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9"),
    "pystreaming.AudioStreamer": (ENDPOINT,),
    "pystreaming.AudioReceiver": (ENDPOINT,),
}


def has_sample(door: str, kind: type) -> bool:
    return f"{door}.{kind.__name__}" in SAMPLES


@contextmanager
def sample(door: str, kind: type) -> Iterator[Any]:
    """An object of a class of the door, for what only objects have."""
    more: dict[str, Any] = {"channels": {}} if kind.__name__ == "ShotSaver" else {}
    made = kind(*SAMPLES[f"{door}.{kind.__name__}"], **more)
    try:
        yield made
    finally:
        ended = made.close() if hasattr(made, "close") else None
        if inspect.iscoroutine(ended):
            asyncio.run(ended)


def check(door: str, span: str) -> None:
    (statement,) = ast.parse(span).body
    if isinstance(statement, ast.Assign):
        value = looked_up(door, ast.unparse(statement.targets[0]), of_object=True)
        assert (value.value if isinstance(value, enum.Enum) else value) == ast.literal_eval(
            statement.value
        ), span
        return
    node = parsed(span)
    if not isinstance(node, ast.Call):
        looked_up(door, ast.unparse(node))
        return
    known = inspect.signature(looked_up(door, ast.unparse(node.func))).parameters
    for name, default in arguments(node).items():
        assert name in known, f"{span} has no argument {name}"
        if default is not None:
            written = literal_or_name(door, default)
            assert known[name].default == written, f"{span}: {name} is {known[name].default!r}"


def literal_or_name(door: str, node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return looked_up(door, ast.unparse(node))


def public_keys(door: str) -> set[str]:
    """What the door has, down to the arguments; of classes what is rushes' own and no library's."""
    module, found = module_of(door), set[str]()
    for name in module.__all__:
        value = getattr(module, name)
        found.add(name)
        if isinstance(value, type):
            found |= {f"{name}.{member}" for member in members(value)}
            if has_sample(door, value):
                with sample(door, value) as made:
                    found |= {
                        f"{name}.{member}" for member in getattr(made, "__dict__", {}) if member[0] != "_"
                    }
            found |= {key for member in members(value) for key in told_arguments(value, member)}
        if callable(value) and not (isinstance(value, type) and issubclass(value, enum.Enum)):
            found |= {f"{name}({arg})" for arg in parameters(value)}
    return found


def members(owner: type) -> set[str]:
    ours = [vars(each) for each in owner.__mro__ if each.__module__.startswith("rushes")]
    return {name for namespace in ours for name in namespace if name[0] != "_" and name != OF_QT}


def told_arguments(owner: type, name: str) -> Iterator[str]:
    if inspect.isfunction(inspect.getattr_static(owner, name)):
        yield from (f"{owner.__name__}.{name}({arg})" for arg in parameters(getattr(owner, name)))


def parameters(call: Any) -> list[str]:
    try:
        return [name for name in inspect.signature(call).parameters if name != "self"]
    except ValueError:  # a class of Qt's with no constructor of its own
        return []


@pytest.mark.parametrize("door", DOCUMENTED)
def test_every_documented_name_has_a_row(door: str) -> None:
    told = all_keys(door, "before")
    assert [key for name in DOCUMENTED[door] for key in sorted(keys(name)) if key not in told] == []


@pytest.mark.parametrize("door", DOCUMENTED)
def test_every_row_says_whether_it_works_and_what_becomes_of_it(door: str) -> None:
    public = {key.split(".")[0] for key in all_keys(door, "now")}
    for row in rows(door):
        assert row.works in WORKS, row
        assert row.told or row.works == "yes", row
        assert row.is_new is (row.works == "new"), row
        if row.works == "yes":
            # Of others' names, as EnvironmentError, the door has those that stand for them.
            same = {key for span in row.before for key in keys(span) if re.split(r"[.(]", key)[0] in public}
            assert same <= {key for span in row.now for key in keys(span)}, row


@pytest.mark.parametrize("door", DOORS)
def test_every_name_of_today_is_there_with_its_arguments_and_values(door: str) -> None:
    for row in rows(door):
        for span in row.now:
            check(door, span)


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_of_a_door_has_a_row(door: str) -> None:
    told = all_keys(door, "now")
    assert sorted(key for key in public_keys(door) if key not in told) == []


@pytest.mark.parametrize(
    "span", ["ShotSaver.shave", "ShotSaver.save(date)", "ShotSaver(pool_size=9)", "status.error = 1"]
)
def test_what_is_not_true_is_found(span: str) -> None:
    with pytest.raises((AssertionError, AttributeError)):
        check("shot_saver", span)
