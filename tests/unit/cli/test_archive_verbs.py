"""``rushes archive`` and ``rushes shot`` over a real archive."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from PIL import Image

from rushes import Archive, Depot
from rushes.cli import main
from rushes.codecs import still
from rushes.testing import read_card
from tests.unit.archive.films import STEP, Film, T, record, steady

AT = T / 1e9


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
        assert "left out" in said.out
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--from"),
        (["--from", "1", "--last", "5s"], "--from"),
        (["--from", "later"], "--from"),
        (["--last", "5 parsecs"], "--last"),
    ],
)
def test_export_needs_to_know_from_when(run, words, said, tmp_path):
    code, printed = run("archive", "export", "door", tmp_path / "a.mp4", *words)
    assert code == 2
    assert said in printed.err


def test_an_unknown_channel_is_named_with_those_there_are(run, tmp_path):
    for words in (("archive", "ls", "dor"), ("archive", "export", "dor", tmp_path / "x.mp4", "--last", "1s")):
        code, said = run(*words)
        assert code == 2
        assert "did you mean 'door'?" in said.err
    code, said = run("shot", "dor", "--at", AT)
    assert code == 2
    assert "'door'" in said.err


def test_a_shot_of_then(run, tmp_path):
    code, said = run("shot", "door", "--at", AT + 1.001, "-o", tmp_path / "x.png")
    assert code == 0, said.err
    assert "frame 25" in said.out
    card = read_card(still.decode((tmp_path / "x.png").read_bytes()).array)
    assert card is not None
    assert card[0] == 25
    found = plain(run, "shot", "door", "--at", AT + 2.001, "-o", f"{tmp_path}/")
    assert (found["frame_number"], found["source"]) == (50, "archive")
    assert found["path"].startswith(str(tmp_path))
    code, said = run("shot", "hall", "--at", AT + 50)
    assert code == 1
    assert "nothing was recorded" in said.err


def test_a_shot_into_a_pipe(folder):
    command = "import sys; from rushes.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["shot", "door", "--at", str(AT + 1.001), "-o", "-", "--archive", str(folder)]
    done = subprocess.run(
        [sys.executable, "-c", command, *words], capture_output=True, timeout=60, check=True
    )
    assert Image.open(io.BytesIO(done.stdout)).size == (320, 180)
    assert not done.stderr


def test_a_shot_of_now_is_the_depots(tmp_path, capsys):
    film = Film(steady(1))
    with Depot.create("station-porch", slots=2, shape=(270, 320)) as depot:
        depot.put(film.frame(7, T))
        for name in ("porch", "station-porch"):
            assert main(["shot", name, "-o", f"{tmp_path}/", "--json"]) == 0
            found = json.loads(capsys.readouterr().out)
            assert (found["frame_number"], found["source"]) == (7, "live")
        with Depot.create("other-porch", slots=2, shape=(270, 320)):
            assert main(["shot", "porch", "-o", f"{tmp_path}/"]) == 2
            assert "give the whole name" in capsys.readouterr().err


def test_prune(folder, tmp_path, capsys):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert (
        main(["archive", "prune", "--archive", str(copy), "--max-bytes", "1 kB", "--min-free", "0", "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["removed"] == 6
    with Archive(copy, mode="r") as archive:
        assert archive.stats().segments == 0
    assert main(["archive", "prune", "--archive", str(copy), "--max-bytes", "much"]) == 2
