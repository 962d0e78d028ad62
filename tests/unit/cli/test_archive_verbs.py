"""``rushes archive`` over a real archive."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from rushes import Archive, Box
from rushes.cli import main
from rushes.codecs import still
from rushes.testing import read_card
from tests.unit.archive.films import STEP, T

AT = T / 1e9


def plain(run, *words):
    code, said = run(*words, "--json")
    assert code == 0, said.err
    return json.loads(said.out)


def test_ls_lists_channels_and_their_spans(run):
    code, said = run("archive", "ls")
    assert code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == ["channel", "door", "hall", "2"]
    found = plain(run, "archive", "ls")
    assert found["channels"]["door"] == [{"start": AT, "end": (T + 99 * STEP) / 1e9}]
    assert len(found["channels"]["hall"]) == 2
    assert found["stats"]["segments"] == 6
    code, said = run("archive", "ls", "hall", "--from", AT + 50)
    assert len(said.out.splitlines()) == 2
    assert plain(run, "archive", "ls", "hall", "--to", AT - 5)["channels"] == {"hall": []}


def test_an_archive_without_anything(tmp_path, capsys):
    Archive(tmp_path, min_free_bytes=0).close()
    assert main(["archive", "ls", "--archive", str(tmp_path)]) == 0
    assert "no recordings" in capsys.readouterr().out


@pytest.mark.parametrize("verb", [["ls"], ["verify"], ["prune"], ["export", "door", "x.mp4", "--last", "5s"]])
def test_no_archive_there(verb, tmp_path, capsys):
    assert main(["archive", *verb, "--archive", str(tmp_path / "none")]) == 2
    assert "--archive" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_verify_says_what_is_wrong_by_its_exit_code(run, folder):
    assert run("archive", "verify")[0] == 0
    assert plain(run, "archive", "verify", "--quick")["ok"]
    file = sorted((folder / "segments" / "door").rglob("*.mp4"))[0]
    whole = file.read_bytes()
    file.write_bytes(whole[:-5000])
    try:
        code, said = run("archive", "verify")
        assert code == 1
        assert f"damaged  {file.relative_to(folder)}" in said.out
        code, said = run("archive", "verify", "--json")
        assert (code, json.loads(said.out)["damaged"]) == (1, [str(file.relative_to(folder))])
        code, said = run("archive", "export", "door", folder / "out.mp4", "--from", AT, "--to", AT + 4)
        assert code == 3
        assert "left out as damaged: 1 group of pictures" in said.out
        code, said = run(
            "archive", "export", "door", folder / "out.mp4", "--from", AT, "--to", AT + 4, "--json"
        )
        found = json.loads(said.out)
        assert (code, found["damaged"], found["copied"]) == (3, 1, True)
        assert found["frames"] == 75
    finally:
        file.write_bytes(whole)
        (folder / "out.mp4").unlink(missing_ok=True)


def test_export(run, tmp_path):
    made = plain(run, "archive", "export", "door", tmp_path / "a.mp4", "--from", AT, "--to", AT + 2)
    assert (made["frames"], made["copied"], made["damaged"]) == (51, True, 0)
    assert (tmp_path / "a.mp4").stat().st_size == made["bytes"]
    made = plain(run, "archive", "export", "door", tmp_path / "pictures", "--last", "1s")
    assert made["frames"] == len(list((tmp_path / "pictures").iterdir())) in (25, 26)
    assert read_card(still.decode((tmp_path / "pictures" / "00000003.jpg").read_bytes()).array) is not None


def test_figures_are_drawn_into_an_export_on_request(run, folder, tmp_path):
    with Archive(folder, min_free_bytes=0) as archive:
        archive.add_figures("door", AT + 0.5, AT + 1, [Box(0.1, 0.1, 0.5, 0.5)])
    words = ("archive", "export", "door", tmp_path / "a.mp4", "--from", AT, "--to", AT + 2)
    assert plain(run, *words)["copied"]
    made = plain(run, *words, "--figures")
    assert (made["frames"], made["copied"]) == (51, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--from"),
        (["--from", "1", "--last", "5s"], "--from"),
        (["--last", "5s", "--to", "now"], "--to"),
        (["--from", "later"], "--from"),
        (["--last", "5 parsecs"], "--last"),
    ],
)
def test_export_needs_to_know_from_when(run, words, said, tmp_path):
    code, printed = run("archive", "export", "door", tmp_path / "a.mp4", *words)
    assert code == 2
    assert said in printed.err
    assert not (tmp_path / "a.mp4").exists()


def test_what_the_disk_refuses_is_one_line(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    for out in (tmp_path / "none" / "a.mp4", tmp_path / "full"):
        code, said = run("archive", "export", "door", out, "--last", "1s")
        assert code == 1
        assert said.err.startswith("error: ")
        assert said.err.count("\n") == 1
        assert str(tmp_path) in said.err
        assert said.out == ""
    assert [each.name for each in tmp_path.rglob("*")] == ["full", "notes.txt"]


def test_where_everything_is_damaged_there_is_nothing_to_export(run, folder, tmp_path):
    files = {file: file.read_bytes() for file in (folder / "segments" / "hall").rglob("*.mp4")}
    try:
        for file, whole in files.items():
            file.write_bytes(bytes(len(whole)))
        code, said = run("archive", "export", "hall", tmp_path / "a.mp4", "--from", AT, "--to", AT + 4)
        assert code == 1
        assert "damaged" in said.err
        assert list(tmp_path.iterdir()) == []
    finally:
        for file, whole in files.items():
            file.write_bytes(whole)


def test_an_unknown_channel_is_named_with_those_there_are(run, tmp_path):
    for words in (("archive", "ls", "dor"), ("archive", "export", "dor", tmp_path / "x.mp4", "--last", "1s")):
        code, said = run(*words)
        assert code == 2
        assert "did you mean 'door'?" in said.err


@pytest.fixture
def copy(folder, tmp_path):
    """An archive that may be changed."""
    return shutil.copytree(folder, tmp_path / "copy")


def prune(copy, *words):
    return main(["archive", "prune", "--archive", str(copy), "--min-free", "0", *words])


def test_prune(copy, capsys):
    assert prune(copy) == 0
    assert capsys.readouterr().out == "removed 0 segments; 0 B freed\n"
    assert prune(copy, "--max-bytes", "1 kB", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["removed"], found["moved"]) == (6, 0)
    assert found["freed_bytes"] > 10_000
    with Archive(copy, mode="r") as archive:
        assert archive.stats().segments == 0


def test_prune_by_age(copy, capsys):
    assert prune(copy, "--max-age", "1d") == 0
    assert capsys.readouterr().out.startswith("removed 6 segments; ")


@pytest.mark.parametrize("words", [["--max-bytes", "much"], ["--max-age", "0s"], ["--cold", "ftp://x"]])
def test_limits_that_are_none(copy, words, capsys):
    assert prune(copy, *words) == 2
    assert capsys.readouterr().err.startswith("error: ")
    with Archive(copy, mode="r") as archive:
        assert archive.stats().segments == 6


def test_prune_while_somebody_records(copy, capsys):
    with Archive(copy, min_free_bytes=0):
        assert prune(copy, "--max-bytes", "1 kB") == 1
        assert str(os.getpid()) in capsys.readouterr().err
        assert main(["archive", "verify", "--archive", str(copy)]) == 0


@pytest.fixture(scope="module")
def obstore_runs():
    """The library of the cold store keeps its threads and descriptors to the end: no single test leaves those."""
    obstore = pytest.importorskip("obstore", reason="the extra s3 is not installed")
    obstore.put(obstore.store.MemoryStore(), "a", b"a")


@pytest.mark.usefixtures("obstore_runs")
def test_what_was_moved_is_had_from_where_it_is(copy, tmp_path, capsys):
    cold = str(tmp_path / "cold")
    assert prune(copy, "--max-bytes", "1 kB", "--cold", cold) == 0
    assert f"removed 0 segments, moved 6 to {cold}; " in capsys.readouterr().out
    at = ["--archive", str(copy)]
    out = ["archive", "export", "door", str(tmp_path / "a.mp4"), "--last", "1s", *at]
    assert main(out) == 1
    assert "cold store" in capsys.readouterr().err
    assert main([*out, "--cold", cold]) == 0
    assert main(["shot", "door", "--at", str(AT + 1), "-o", f"{tmp_path}/", *at, "--cold", cold]) == 0
    assert main(["archive", "ls", *at]) == 0
    assert "in the cold store 6 segments" in capsys.readouterr().out
    assert main(["archive", "verify", *at]) == 0
    assert "not looked for: 6 segments" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "cold" / "segments" / "hall")
    assert main(["archive", "verify", *at, "--cold", cold]) == 1
    assert capsys.readouterr().out.count("missing  segments/hall/") == 2
