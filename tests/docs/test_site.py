"""The site: every page has its place in it, every name its entry, every design note says where it stands."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

import pytest

import rushes
from rushes import qt, testing
from rushes.compat import async_image_loader, frames_depot, pystreaming, shot_saver
from tests.architecture.test_lock import HASH, PIN
from tests.docs.blocks import ROOT

DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
ENTRY = re.compile(r"^::: (?P<path>[\w.]+)$", re.MULTILINE)
REFERENCE = "".join(
    path.read_text(encoding="utf-8") for path in sorted((DOCS / "reference/api").glob("*.md"))
)
ENTRIES = [match["path"] for match in ENTRY.finditer(REFERENCE)]
# Made by one assignment of several, which tools that only read the source cannot follow; told in words.
IN_WORDS = {"TEST_S", "TEST_M", "TEST_L", "IMAG_S", "IMAG_M", "IMAG_L"}
NOTES = sorted(path for path in (DOCS / "design").glob("*.md") if path.name != "index.md")


def test_every_page_has_its_place_in_the_site():
    listed = re.findall(r"[\w/-]+\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(PAGES)


def test_every_public_name_has_one_entry_in_the_reference():
    told = [path.removeprefix("rushes.") for path in ENTRIES if path.count(".") == 1]
    assert sorted(told) == sorted(set(rushes.__all__) - IN_WORDS)
    heading = next(line for line in REFERENCE.splitlines() if line.startswith("## TEST_S"))
    assert set(re.findall(r"\w+_[SML]", heading)) == IN_WORDS


@pytest.mark.parametrize("path", ENTRIES)
def test_what_has_an_entry_is_there_and_has_a_docstring(path):
    thing = find(path)
    if inspect.ismodule(thing) or inspect.isclass(thing) or inspect.isroutine(thing):
        assert inspect.getdoc(thing), path


@pytest.mark.parametrize("name", rushes.__all__)
def test_the_list_of_names_has_it(name):
    assert f"`{name}`" in (DOCS / "reference" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "module",
    [qt, testing, async_image_loader, frames_depot, pystreaming, shot_saver],
    ids=lambda m: m.__name__,
)
def test_other_public_modules_are_told_whole(module):
    shown = module.__name__ in ENTRIES
    names = {path.rpartition(".")[2] for path in ENTRIES if path.startswith(f"{module.__name__}.")}
    assert shown or names == set(module.__all__)


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_every_design_note_says_its_status_and_what_was_rejected(note):
    text = note.read_text(encoding="utf-8")
    assert re.search(r"^\*Status: \w", text, re.MULTILINE), "begin with *Status: …*"
    assert re.search(r"^## (Alternatives|Rejected)$", text, re.MULTILINE), "tell the rejected ways"
    assert f"]({note.name})" in (DOCS / "design" / "index.md").read_text(encoding="utf-8")


def test_the_tools_of_the_site_are_pinned_and_hashed():
    lines = (ROOT / "requirements-docs.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)] == []
    locked = {match["name"] for line in lines if (match := PIN.fullmatch(line))}
    asked = re.findall(
        r"^([\w-]+)", (ROOT / "requirements-docs.in").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert asked
    assert set(asked) <= locked


def test_the_script_of_the_site_is_sound_shell():
    script = ROOT / "scripts" / "docs"
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert script.stat().st_mode & 0o111


def find(path: str) -> object:
    """The thing of that name, importing as many of its words as are modules."""
    import importlib

    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError as error:
            if error.name and not path.startswith(error.name):
                pytest.skip(f"needs {error.name}")
            continue
        for name in parts[length:]:
            thing = getattr(thing, name)
        return thing
    raise AssertionError(path)


def test_the_pictures_of_the_pages_are_there():
    shown = {
        (path.parent / target).resolve()
        for path in DOCS.rglob("*.md")
        for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    }
    assert shown
    assert [str(each) for each in shown if not Path(each).is_file()] == []
