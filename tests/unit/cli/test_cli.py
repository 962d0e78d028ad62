from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rushes.cli import main
from rushes.depot import Depot
from rushes.station import checks


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["up", "--help"], ["depot", "--help"], ["version"], ["--version"]]
)
def test_what_needs_no_arrays_loads_none(arguments):
    run = run_python(
        "import sys; from rushes.cli import main\n"
        f"code = main({arguments!r})\n"
        "heavy = {'numpy', 'PIL', 'zmq', 'av', 'rushes.depot'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.exit(code)"
    )
    assert run.returncode == 0, run.stderr
    assert "rushes" in run.stdout or "0." in run.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["up", "--nonsense"],
        ["up", "station.toml"],
        ["up", "--name"],
        ["up", "--source"],
        ["up", "--for"],
        ["depot", "nonsense"],
        ["depot", "sweep", "--dry-run", "yes"],
    ],
)
def test_what_is_not_there_exits_with_2(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["up", "--for", "soon"], ["depot", "top", "--for", "10"]])
def test_a_value_that_cannot_be_used_exits_with_2_and_a_remedy(arguments, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: --for")
    assert "Traceback" not in err


def test_a_failure_exits_with_1_and_one_line(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("RUSHES_SHM_DIR", str(folder))
    assert main(["depot", "ls"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_ctrl_c_exits_with_130(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "run_all", interrupt)
    assert main(["doctor"]) == 130


def test_output_cut_off_by_its_reader_is_no_traceback():
    run = subprocess.run(
        f"{sys.executable} -m rushes doctor | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in run.stderr


def test_version_in_json(capsys):
    assert main(["version", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["python"] == sys.version.split()[0]
    assert document["version"][0].isdigit()


@pytest.fixture
def depot():
    name = f"test-cli-{os.getpid()}"
    with Depot.create(name, slots=4, shape=(8, 8)) as made:
        for number in range(6):
            made.put(np.zeros((8, 8), np.uint8), number)
        yield made


def test_ls_lists_depots(depot, capsys):
    assert main(["depot", "ls"]) == 0
    line = next(each for each in capsys.readouterr().out.splitlines() if depot.name in each)
    assert "alive" in line
    assert str(os.getpid()) in line
    assert main(["depot", "ls", "--json"]) == 0
    found = next(each for each in json.loads(capsys.readouterr().out) if each["name"] == depot.name)
    assert (found["slots"], found["held"], found["head"], found["state"]) == (4, 4, 5, "alive")
    assert found["writers"] == [os.getpid()]


def test_ls_without_depots_says_so(capsys):
    assert main(["depot", "ls"]) == 0
    assert "no depots" in capsys.readouterr().out


def test_a_file_that_is_no_depot_is_shown_as_such(depot_folder, capsys):
    foreign = depot_folder / "foreign"
    foreign.write_bytes(b"not a depot")
    try:
        assert main(["depot", "ls"]) == 0
        assert "unusable" in capsys.readouterr().out
    finally:
        foreign.unlink()


ELSEWHERE = """
import sys, numpy as np
from rushes.depot import Depot
depot = Depot.attach(sys.argv[1], mode="rw")
with depot.frames("oldest", name="looker") as frames:
    lease = next(frames)
    print("holding", flush=True)
    sys.stdin.readline()
"""


def test_top_shows_who_reads_and_who_holds(depot, capsys):
    with subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, depot.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "holding\n"
        assert main(["depot", "top", "--json"]) == 0
        (seen,) = json.loads(capsys.readouterr().out)
        assert main(["depot", "top", "--once"]) == 0
        text = capsys.readouterr().out
        other.communicate("go\n")
    assert seen["name"] == depot.name
    assert seen["adds_up"]
    (consumer,) = seen["consumers"]
    assert (consumer["name"], consumer["pid"], consumer["seen"], consumer["waiting"]) == (
        "looker",
        other.pid,
        1,
        3,
    )
    (lease,) = seen["leases"]
    assert (lease["pid"], lease["sequence"]) == (other.pid, 2)
    assert lease["age_s"] >= 0.5
    for word in (depot.name, "looker", str(other.pid), "lease of"):
        assert word in text


def test_top_with_nothing_to_show(capsys):
    assert main(["depot", "top", "--once"]) == 0
    assert "no depots in use" in capsys.readouterr().out


def test_sweep_removes_what_a_killed_process_left(capsys):
    name = f"test-sweep-{os.getpid()}"
    code = (
        f"import os, rushes; depot = rushes.Depot.create({name!r}, slots=2, shape=(8, 8)); "
        "os.kill(os.getpid(), 9)"
    )
    assert run_python(code).returncode == -9
    assert main(["depot", "sweep", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": [], "stale": [name]}
    assert main(["depot", "ls"]) == 0
    assert "stale" in capsys.readouterr().out
    assert main(["depot", "sweep"]) == 0
    assert f"removed {name}" in capsys.readouterr().out
    assert main(["depot", "sweep"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_doctor_marks_each_check(capsys):
    code = main(["doctor"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line[:1] in "✓✗"]
    assert len(lines) == len(checks._CHECKS)
    assert code == 0 or any(line.startswith("✗") for line in lines)
    main(["doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] == (code == 0)
    assert all(each["ok"] or each["remedy"] for each in document["checks"])


@pytest.mark.parametrize(("fatal", "code"), [(True, 1), (False, 0)])
def test_doctor_fails_for_what_is_fatal(monkeypatch, capsys, fatal, code):
    bad = checks.Check("thing", False, "broken", "mend it", fatal=fatal)
    monkeypatch.setattr(checks, "_CHECKS", (lambda: bad, lambda: replace(bad, ok=True)))
    assert main(["doctor"]) == code
    out = capsys.readouterr().out
    assert "✗ thing: broken\n    mend it\n" in out


def test_doctor_sees_an_unfit_folder_and_a_missing_core(monkeypatch, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("RUSHES_SHM_DIR", str(folder))
    monkeypatch.setenv("RUSHES_CORE", "nonsense")
    found = {each.name: each for each in checks.run_all()}
    for name in ("native core", "depot folder", "a frame through a depot"):
        assert not found[name].ok, name
        assert found[name].fatal
        assert found[name].remedy
