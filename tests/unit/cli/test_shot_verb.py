"""``rushes shot`` of depots, of an archive, and of one that somebody else writes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import pytest
from PIL import Image

from rushes import Archive, Depot, open_source
from rushes.cli import main
from rushes.cli.shot import _split
from rushes.codecs import still
from rushes.testing import read_card
from tests.unit.archive.films import Film, T, record, steady

AT = T / 1e9


def process(*words):
    """The same as a program of its own."""
    command = "import sys; from rushes.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", command, *map(str, words)], capture_output=True, timeout=60, check=False
    )


def number(data):
    card = read_card(still.decode(data).array)
    assert card is not None
    return card[0]


def test_a_shot_of_then(run, tmp_path):
    code, said = run("shot", "door", "--at", AT + 1.001, "-o", tmp_path / "x.png")
    assert code == 0, said.err
    assert "frame 25" in said.out
    assert number((tmp_path / "x.png").read_bytes()) == 25
    code, said = run("shot", "door", "--at", AT + 2.001, "-o", f"{tmp_path}/", "--json")
    found = json.loads(said.out)
    assert (code, found["frame_number"], found["source"], found["figures"]) == (0, 50, "archive", False)
    assert found["path"].startswith(str(tmp_path))
    assert "data" not in found


def test_of_a_gap_there_is_none(run, tmp_path):
    for words in (["--at", AT + 50], []):
        code, said = run("shot", "hall", *words, "-o", f"{tmp_path}/")
        assert code == 1
        assert "nothing was recorded" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_picture_is_not_replaced_by_another(tmp_path, capsys):
    with Archive(tmp_path / "a", min_free_bytes=0) as archive:
        record(archive, "door", steady(50))
    (file,) = (tmp_path / "a").rglob("*.mp4")
    data = bytearray(file.read_bytes())
    data[len(data) // 4 : -16] = bytes(len(data) - len(data) // 4 - 16)
    file.write_bytes(data)
    words = ["shot", "door", "--at", str(AT + 1.5), "-o", f"{tmp_path}/x.jpg", "--archive", f"{tmp_path}/a"]
    assert main(words) == 1
    assert "damaged" in capsys.readouterr().err
    assert not (tmp_path / "x.jpg").exists()


def test_the_name_is_made_of_the_moment(run, tmp_path):
    for out in ("%Y/at %H-%M.jpg", "{channel.name}/%Y/"):
        code, said = run(
            "shot", "door", "--at", AT, "-o", tmp_path / out if out[-1] != "/" else f"{tmp_path}/{out}"
        )
        assert code == 0, said.err
    (first,) = (tmp_path / "2023").iterdir()
    (second,) = (tmp_path / "door" / "2023").iterdir()
    assert first.name.startswith("at ")
    assert second.name.startswith("door (2023.11.")


@pytest.mark.parametrize(
    ("out", "split"),
    [
        (None, ("./", None)),
        ("x.jpg", ("./", "x.jpg")),
        ("a/b/x.jpg", ("a/b/", "x.jpg")),
        ("a/", ("a/", None)),
        ("/x.jpg", ("/", "x.jpg")),
        ("a/%Y/x.jpg", ("a/", "%Y/x.jpg")),
        ("%Y/x.jpg", ("./", "%Y/x.jpg")),
        ("/a/{channel.name}/", ("/a/", "{channel.name}/usual")),
    ],
)
def test_folder_and_name(out, split):
    assert _split(out, "usual") == split


def test_whom_it_does_not_know(run, tmp_path, capsys):
    code, said = run("shot", "dor", "--at", AT)
    assert code == 2
    assert "'door'" in said.err
    assert main(["shot", "door", "--at", "-5s", "--archive", f"{tmp_path}/none"]) == 2
    assert "--archive" in capsys.readouterr().err
    assert run("shot", "door", "--at", "soon")[0] == 2
    assert run("shot", "door", "--at", AT, "--timeout", "long")[0] == 2


def test_what_the_disk_refuses_is_one_line(run):
    code, said = run("shot", "door", "--at", AT, "-o", "/proc/x.jpg")
    assert code == 1
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_into_a_pipe(folder):
    done = process("shot", "door", "--at", AT + 1.001, "-o", "-", "--archive", folder)
    assert done.returncode == 0
    assert Image.open(io.BytesIO(done.stdout)).size == (320, 180)
    assert number(done.stdout) == 25
    assert not done.stderr


def test_of_an_archive_that_another_process_writes(tmp_path):
    with Archive(tmp_path / "a", min_free_bytes=0) as archive, open_source("testcard:320x180@25") as source:
        recording = archive.record("door", source)
        try:
            began = time.monotonic()
            while not archive.spans("door"):
                assert time.monotonic() - began < 30
                time.sleep(0.05)
            at = time.time()  # in no file yet
            done = process(
                "shot", "door", "--at", at, "-o", tmp_path / "x.png", "--archive", tmp_path / "a", "--json"
            )
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            assert 0 <= at - found["captured_ns"] / 1e9 < 1
            assert number((tmp_path / "x.png").read_bytes()) == found["frame_number"]
            # Nothing later than this picture and at or before the moment was recorded.
            frame = archive.frame_at("door", at)
            assert frame.captured_ns == found["captured_ns"]
        finally:
            recording.stop()


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
