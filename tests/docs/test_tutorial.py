"""The tutorial, taken step by step in two real terminals, with a real station: what it shows is what comes."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.docs.blocks import ROOT, Block, blocks
from tests.support.terminal import Terminal

TUTORIAL = ROOT / "docs" / "tutorial.md"
SHOWN = "what comes"
TRACK = (600, 680)  # the rows of the card in which the ball rolls
PATIENCE_S = 60.0
_SPACES = r"[^\S\n]+"


class Walk:
    """Somebody who follows the tutorial: types what it says and compares what comes with what it shows."""

    def __init__(self, first: Terminal, second: Terminal, folder: Path) -> None:
        self.folder = folder
        self.terminals = {"1": first, "2": second}
        self.station_from: int | None = (
            None  # where in the first terminal the words of a running station begin
        )

    def follow(self, block: Block, shown: tuple[str, ...]) -> None:
        """Does what a block says; ``shown`` is what the document says comes of it."""
        if block.language in ("python", "toml"):
            with (self.folder / block.title).open("a", encoding="utf-8") as file:
                file.write(f"\n{block.text}")
            return
        said = re.fullmatch(r"terminal (?P<which>[12])(, (?P<when>after [kq]))?", block.title)
        assert said, f"line {block.line}: whose step is {block.title!r}?"
        if said["when"]:
            self._press(said["when"][-1])
        if block.language == "text":
            self._compare(self.terminals["1"].shown[self.station_from :], block.lines, block)
            return
        *before, last = block.lines
        for command in before:
            self._do(self.terminals[said["which"]], command, (), block)
        self._do(self.terminals[said["which"]], last, shown, block)

    def _press(self, key: str) -> None:
        terminal, begin = self.terminals["1"], len(self.terminals["1"].shown)
        terminal.type(key)
        terminal.until({"k": "killed on purpose", "q": "every frame is accounted for.*\n"}[key], begin)
        if key == "q":
            terminal.run("true")  # the rest of its words, and the shell again

    def _do(self, terminal: Terminal, command: str, shown: tuple[str, ...], block: Block) -> None:
        typed = re.sub(r"^(rushes|scripts/)( ?)up\b", r"\1\2up --bind 127.0.0.1:0", command)
        if typed != command and "--for" not in command:
            self.station_from = len(terminal.shown)
            terminal.type(f"{typed}\n")
            terminal.until("page   http://127.0.0.1", self.station_from)
            terminal.until(r"live     fps", self.station_from)
            self._compare(terminal.shown[self.station_from :], shown, block)
            return
        # Who reads takes longer than this does, so what needs recordings is tried until there are enough.
        began = time.monotonic()
        while True:
            code, printed = terminal.run(typed)
            done = code == 0 and ("--figures" not in command or self._has_the_box())
            if done and expected(shown).search(printed):
                return
            if terminal is self.terminals["1"] or time.monotonic() - began > (10 if done else PATIENCE_S):
                station = self.terminals["1"].shown[-4000:]
                assert done, f"line {block.line}: {command}\n{printed}\n{station}"
                self._compare(printed, shown, block)

    def _has_the_box(self) -> bool:
        """Whether the shot shows what the worker found; one that was taken before it found anything is thrown away."""
        picture = self.folder / "boxed.jpg"
        if red_pixels(picture) > 20:
            return True
        picture.unlink()
        return False

    def _compare(self, printed: str, shown: tuple[str, ...], block: Block) -> None:
        assert expected(shown).search(printed), f"line {block.line}: not what is shown:\n{printed}"


def steps(document: Path) -> Iterator[tuple[Block, tuple[str, ...]]]:
    """Each block to be followed, with the lines of the one right behind it that says what comes."""
    found = blocks(document)
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.title != SHOWN:
            yield block, after.lines if after is not None and after.title == SHOWN else ()


def expected(shown: tuple[str, ...]) -> re.Pattern[str]:
    """What has these lines in this order; any figures for figures, any spaces for spaces, anything for "…"."""
    parts = list[str]()
    for line in shown:
        if line == "…":
            continue  # there may be others between any two
        words = [_word(each) for each in re.sub(r"\d+(?:\.\d+)?", "0", line).split()]
        parts.append(f"^{_SPACES.join(words)}{_SPACES[:-1]}*$")
    return re.compile("\n(?:.*\n)*?".join(parts), re.MULTILINE)


def _word(shown: str) -> str:
    return re.escape(shown).replace("0", r"\d+(?:\.\d+)?").replace("…", ".*")


def stand_in_checkout(folder: Path) -> Path:
    """A folder with what the tutorial uses of a checkout. Its ``scripts/up`` leaves out the setting up: that has been
    done where tests run, and would change under them what they run on.
    """
    (folder / "scripts").mkdir(parents=True)
    up = folder / "scripts" / "up"
    up.write_text(f'#!/bin/bash\nexec {sys.executable} -m rushes up "$@"\n')
    up.chmod(0o755)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.mark.skipif(not Path(sys.prefix, "bin", "rushes").exists(), reason="the command is not installed")
def test_the_tutorial_can_be_followed_by_copy_and_paste(tmp_path):
    pytest.importorskip("starlette")
    checkout = stand_in_checkout(tmp_path / "checkout")
    environment = {**os.environ, "HOME": str(tmp_path)}
    with (
        Terminal(checkout, environment, patience_s=PATIENCE_S) as first,
        Terminal(checkout, environment, patience_s=PATIENCE_S) as second,
    ):
        walk = Walk(first, second, tmp_path / "first-station")
        for block, shown in steps(TUTORIAL):
            walk.follow(block, shown)
    made = {each.name for each in walk.folder.iterdir()}
    assert {"look.jpg", "then.jpg", "boxed.jpg", "ball.mp4"} <= made
    assert red_pixels(walk.folder / "then.jpg") < 20 < red_pixels(walk.folder / "boxed.jpg")


def red_pixels(picture: Path) -> int:
    """How many, around the ball's way, are as red as the box that the tutorial's worker draws."""
    with Image.open(picture) as opened:
        red, green, blue = np.asarray(opened.convert("RGB"))[slice(*TRACK)].astype(int).transpose(2, 0, 1)
    return int(((red > 200) & (green < 110) & (blue < 100)).sum())


def test_what_is_shown_is_compared_but_for_its_figures():
    assert expected(("then.jpg: frame 12, … (5.0 s ago)",)).search("x\nthen.jpg: frame 7, 2026 (4.9 s ago)\n")
    assert not expected(("then.jpg: frame 12",)).search("then.jpg: frames 12\n")
    assert expected(("a…", "…", "c  d")).search("abc\nb\nb\nc d\n")
    assert not expected(("a", "b")).search("b\na\n")
