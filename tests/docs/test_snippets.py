"""What the documents show works: Python blocks run, and the verbs of console blocks exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from rushes.station.config import given
from tests.docs.blocks import DOCUMENTS, NAMES, blocks, program, shown_commands


def with_python() -> list[Path]:
    return [each for each in DOCUMENTS if program(each)]


def verbs() -> list[str]:
    """The words after "$ rushes", up to the first option or file name; at most two, as in "depot ls"."""
    found = set()
    for line in shown_commands():
        command = re.match(r"rushes((?: [a-z][a-z-]*(?= |$)){1,2})", line)
        if command:
            found.add(command[1].strip())
    return sorted(found)


@pytest.mark.parametrize("document", with_python(), ids=NAMES.get)
def test_python_blocks_run_in_order(document: Path, tmp_path: Path) -> None:
    # A file, not -c: a snippet may start processes, which import the main file anew.
    snippet = tmp_path / "snippet.py"
    snippet.write_text(program(document), encoding="utf-8")
    # Two documents may name the same place, and run at the same time. The system takes no long paths of sockets.
    with tempfile.TemporaryDirectory(prefix="rushes-") as places:
        done = subprocess.run(
            [sys.executable, "-W", "error", str(snippet)],
            cwd=tmp_path,
            env={**os.environ, "XDG_RUNTIME_DIR": places, "XDG_STATE_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    # Line numbers in the traceback are those of the document.
    assert done.returncode == 0, f"{NAMES[document]}:\n{done.stderr}"


@pytest.mark.skipif(find_spec("rushes.__main__") is None, reason="there is no command line yet")
@pytest.mark.parametrize("verb", verbs())
def test_shown_commands_exist(verb: str) -> None:
    command = [sys.executable, "-m", "rushes", *verb.split(), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def stations() -> list[tuple[str, str]]:
    """(where, text) of each block that is the whole file of a station."""
    return [
        (f"{NAMES[document]}:{block.line}", block.text)
        for document in DOCUMENTS
        for block in blocks(document)
        if block.language == "toml" and not block.title
    ]


@pytest.mark.parametrize(("where", "text"), stations(), ids=lambda value: value.partition("\n")[0])
def test_files_of_stations_are_right(where: str, text: str) -> None:
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "x")
    assert given(tomllib.loads(text), variables=variables).mistakes == (), where
