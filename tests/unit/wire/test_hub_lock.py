"""One hub to a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rushes.errors import ConfigError
from rushes.wire.hub_lock import FolderLock


def test_the_second_is_told_whose_the_folder_is(tmp_path: Path) -> None:
    first = FolderLock(tmp_path)
    with pytest.raises(ConfigError, match=f"process {os.getpid()} "):
        FolderLock(tmp_path)
    first.release()


def test_a_folder_given_back_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(3):
        lock = FolderLock(tmp_path)
        lock.release()
        lock.release()


def test_whoever_was_handed_the_descriptor_holds_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the server does after its hub was killed; for its end one waits a while."""
    monkeypatch.setattr("rushes.wire.hub_lock._LAST_BREATH_S", 0.1)
    lock = FolderLock(tmp_path)
    heir = subprocess.Popen(["sleep", "600"], pass_fds=[lock.fd])
    os.close(lock.fd)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "hub.lock").write_text(json.dumps({"pid": dead.pid, "command": "x"}))
    try:
        with pytest.raises(ConfigError, match=f"process {dead.pid} "):
            FolderLock(tmp_path)
    finally:
        heir.kill()
        heir.wait()
    FolderLock(tmp_path).release()


def test_a_forked_child_neither_keeps_nor_breaks_it(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    child = os.fork()
    if child == 0:
        lock.release()
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(ConfigError):
        FolderLock(tmp_path)
    lock.release()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot lock"):
        FolderLock(tmp_path / "nowhere")
