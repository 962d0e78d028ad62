"""What the documents show works: Python blocks run, and the verbs of console blocks exist."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = {path: str(path.relative_to(ROOT)) for path in DOCUMENTS}


def block_lines(document: Path, language: str) -> list[str]:
    """The document with every line blanked that is not in a block of this language: line numbers stay."""
    kept, inside = [], ""
    for line in document.read_text(encoding="utf-8").splitlines():
        fence = re.fullmatch(r"```(\w*)\s*", line)
        if fence:
            inside = "" if inside else fence[1] or "text"
        kept.append(line if inside == language and not fence else "")
    return kept


def with_python() -> list[Path]:
    return [each for each in DOCUMENTS if any(block_lines(each, "python"))]


def verbs() -> list[str]:
    """The words after "$ rushes", up to the first option or file name; at most two, as in "depot ls"."""
    found = set()
    for document in DOCUMENTS:
        for line in block_lines(document, "console"):
            command = re.match(r"\$ rushes((?: [a-z][a-z-]*(?= |$)){1,2})", line)
            if command:
                found.add(command[1].strip())
    return sorted(found)


@pytest.mark.parametrize("document", with_python(), ids=NAMES.get)
def test_python_blocks_run_in_order(document: Path, tmp_path: Path) -> None:
    # A file, not -c: a snippet may start processes, which import the main file anew.
    program = tmp_path / "snippet.py"
    program.write_text("\n".join(block_lines(document, "python")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
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
