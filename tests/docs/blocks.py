"""The fenced blocks of the documents, with what their fence says.

A block may have a title after its language: the file that the reader saves it as, or the terminal that it is typed in.
Such a block is a step of a walk, which a test of its own takes; blocks without one stand for themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = {path: str(path.relative_to(ROOT)) for path in DOCUMENTS}
_FENCE = re.compile(r"```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\s*")


@dataclass(frozen=True)
class Block:
    """One fenced block; ``line`` is the number of its first line in the document, from 1."""

    language: str
    title: str
    line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(f"{each}\n" for each in self.lines)


def blocks(document: Path) -> list[Block]:
    """Every block of a document, in order. ValueError for one that does not end."""
    found, fence, begun = list[Block](), None, 0
    lines = document.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if fence is None:
            fence = _FENCE.fullmatch(line)
            begun = number
        elif line.rstrip() == "```":
            inside = tuple(lines[begun : number - 1])
            found.append(Block(fence["language"] or "text", fence["title"] or "", begun + 1, inside))
            fence = None
    if fence is not None:
        raise ValueError(f"{document}:{begun}: this block has no end")
    return found


def program(document: Path) -> str:
    """The document's untitled Python blocks as one program in which line numbers are those of the document."""
    kept = list[str]()
    for block in blocks(document):
        if block.language == "python" and not block.title:
            kept += [""] * (block.line - 1 - len(kept)) + list(block.lines)
    return "".join(f"{each}\n" for each in kept)


def shown_commands() -> dict[str, str]:
    """Every command of ours that a document shows, and where: behind a prompt, or in a block to be pasted."""
    return {
        line.removeprefix("$ "): f"{NAMES[document]}:{block.line + number}"
        for document in DOCUMENTS
        for block in blocks(document)
        for number, line in enumerate(block.lines)
        if line.startswith({"console": "$ rushes ", "sh": "rushes "}.get(block.language, "\n"))
    }
