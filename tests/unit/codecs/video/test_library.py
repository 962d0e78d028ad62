"""What is left without PyAV, and what is said then: in processes of their own, where it cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = "import sys; sys.modules['av'] = None\n"
REMEDY = "pip install 'rushes[video]'"


def run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=folder,
    )
    return done.stdout


def test_every_public_name_is_there_or_says_what_to_install(tmp_path: Path) -> None:
    code = """
import rushes
for name in rushes.__all__:
    try:
        getattr(rushes, name)
    except rushes.MissingExtra as error:
        print(name, error.extra, error)
"""
    lines = run(code, tmp_path).splitlines()
    assert {line.split()[0] for line in lines} == {"Archive", "Recording", "Span"}
    assert all(line.split()[1] == "video" and REMEDY in line for line in lines)


def test_depots_and_jpegs_need_none_of_it(tmp_path: Path) -> None:
    code = f"""
import numpy as np
from rushes import Depot, Frame
from rushes.codecs import jpeg
with Depot.create("{tmp_path.name}-bare", slots=2, slot_bytes=30_000) as depot:
    depot.put(Frame(np.full((48, 64, 3), 80, np.uint8)))
    with depot.newest() as lease:
        print(jpeg.decode(jpeg.encode(lease.array, "bgr24"), "bgr24").shape)
"""
    assert run(code, tmp_path).strip() == "(48, 64, 3)"


@pytest.mark.parametrize(
    "code",
    [
        "rushes.open_source('file:film.mp4')",
        "rushes.Recorder(rushes.open_source('testcard:64x48@10'), 'film.mp4')",
    ],
)
def test_what_needs_it_is_refused_before_anything_is_begun(tmp_path: Path, code: str) -> None:
    (tmp_path / "film.mp4").touch()
    told = run(
        f"""
import rushes
try:
    {code}
except rushes.MissingExtra as error:
    print(error)
""",
        tmp_path,
    )
    assert REMEDY in told
