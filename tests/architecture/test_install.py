"""An install succeeds with and without a compiler, and the package says which core it got."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

STATUS = "import rushes; print(rushes.__file__); print(rushes.native_status())"

pytestmark = pytest.mark.long


def install(place: Path, **environment: str) -> tuple[Path, str]:
    """Installs the checkout into ``place``; (where it is then imported from, what it says of its core)."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps"]
    # The system's own CMake may be missing; the one beside this interpreter is not.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(place), **environment}
    environment.pop("RUSHES_CORE", None)
    subprocess.run([*pip, "--target", str(place), str(ROOT)], env=environment, check=True, timeout=280)
    command = [sys.executable, "-c", STATUS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    home, status = done.stdout.splitlines()
    return Path(home), status


def test_without_a_compiler_the_package_is_pure_and_says_so(tmp_path: Path) -> None:
    home, status = install(tmp_path, CC="/bin/false", CXX="/bin/false")
    assert home.is_relative_to(tmp_path)
    assert not list(tmp_path.rglob("_core.*.so"))
    assert status.startswith("native core: no")


@pytest.mark.skipif(not shutil.which("c++"), reason="there is no C++ compiler")
def test_with_a_compiler_the_core_is_compiled(tmp_path: Path) -> None:
    home, status = install(tmp_path)
    assert home.is_relative_to(tmp_path)
    assert list(tmp_path.rglob("_core.*.so"))
    assert status == "native core: yes"
