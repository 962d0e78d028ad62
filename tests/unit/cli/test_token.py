from __future__ import annotations

import json
import sys

import pytest

from rushes.cli import main
from rushes.station.tokens import Tokens


@pytest.fixture
def run(tmp_path, capsys):
    def run(*words):
        code = main(["token", *words, "--data", str(tmp_path)])
        return code, capsys.readouterr()

    return run


def test_a_token_is_printed_once_and_lets_in(run, tmp_path):
    code, told = run("add", "laptop")
    assert code == 0
    token = told.out.strip()
    assert Tokens(tmp_path).find(token) is not None
    code, told = run("ls")
    assert token not in told.out
    assert "laptop" in told.out
    assert f"{token[:8]}…" in told.out
    (row,) = json.loads(run("ls", "--json")[1].out)
    assert row["name"] == "laptop"
    assert row["last_used"] is not None


def test_a_token_that_was_taken_back_lets_nobody_in(run, tmp_path):
    token = json.loads(run("add", "a", "--json")[1].out)["token"]
    assert json.loads(run("rm", "a", "--json")[1].out) == {"removed": "a"}
    assert Tokens(tmp_path).find(token) is None
    assert json.loads(run("ls", "--json")[1].out) == []


def test_mistakes_are_usage_errors_with_a_remedy(run):
    run("add", "a")
    code, told = run("add", "a")
    assert code == 2
    assert "rushes token rm a" in told.err
    code, told = run("rm", "b")
    assert code == 2
    assert "'a'" in told.err


def test_tokens_need_no_server_library():
    import subprocess

    program = (
        "import sys; from pathlib import Path; from rushes.station.tokens import Tokens; "
        "sys.exit(any(name in sys.modules for name in ('starlette', 'uvicorn', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
