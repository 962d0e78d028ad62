"""A real archive, and verbs run over it."""

from __future__ import annotations

import pytest

from rushes import Archive
from rushes.cli import main
from tests.unit.archive.films import T, record, steady


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    with Archive(folder, min_free_bytes=0) as archive:
        record(archive, "door", steady(100), segment_s=1)
        record(archive, "hall", [*steady(30), *steady(30, T + 100 * 10**9)])
    return folder


@pytest.fixture
def run(folder, capsys):
    """A verb's exit code and what it printed."""

    def run(*words):
        code = main([*map(str, words), "--archive", str(folder)])
        return code, capsys.readouterr()

    return run
