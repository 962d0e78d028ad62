from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading

import pytest

from rushes import Frame
from rushes.errors import CorruptImage, FrameError
from rushes.shots import files
from rushes.shots.files import encoded, kind_of, verified, write_new
from rushes.shots.request import Picture
from tests.unit.shots.pictures import frame, jpeg, pixels, png


def test_whole_files_are_known():
    assert kind_of(jpeg()) == "jpeg"
    assert kind_of(jpeg() + bytes(512)) == "jpeg"
    assert kind_of(png()) == "png"


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xff\xd9", jpeg()[4:]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(CorruptImage):
        kind_of(data)


@pytest.mark.parametrize("whole", [jpeg(), png()])
def test_every_cut_is_noticed(whole):
    for end in range(0, len(whole), 7):
        with pytest.raises(CorruptImage):
            kind_of(whole[:end])


def test_a_header_that_claims_too_much_is_refused():
    forged = bytearray(png())
    forged[16:24] = b"\x7f\xff\xff\xff" * 2
    with pytest.raises(FrameError, match="limit"):
        kind_of(bytes(forged))


def test_bytes_of_the_wanted_kind_stay_as_they_are():
    assert encoded(Picture(jpeg(), 0, None, "live"), ".JPG") == jpeg()
    assert encoded(Picture(png(), 0, None, "live"), ".png") == png()
    assert encoded(Picture(jpeg(), 0, None, "live"), ".unknown") == jpeg()


@pytest.mark.parametrize("content", [jpeg(), png(), frame()])
@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "jpeg"), (".png", "png")])
def test_others_become_what_the_suffix_says(content, suffix, kind):
    assert kind_of(encoded(Picture(content, 0, None, "live"), suffix)) == kind


@pytest.mark.parametrize("content", [jpeg()[:-9], png()[:-9], Frame(jpeg()[:-9], format="jpeg")])
def test_what_comes_ready_made_is_verified(content):
    with pytest.raises(CorruptImage):
        verified(Picture(content, 0, None, "live"))


def test_a_whole_jpeg_frame_becomes_its_bytes():
    assert verified(Picture(Frame(jpeg(), format="jpeg"), 0, None, "live")).content == jpeg()
    plain = Picture(frame(), 0, None, "live")
    assert verified(plain) is plain


def test_data_that_is_no_picture_is_refused():
    with pytest.raises(FrameError):
        encoded(Picture(Frame(pixels().astype(float), format="array"), 0, None, "live"), ".jpg")


def test_a_file_is_written_with_its_folders(tmp_path):
    write_new(tmp_path / "a" / "b.jpg", b"x")
    assert (tmp_path / "a" / "b.jpg").read_bytes() == b"x"
    assert os.listdir(tmp_path / "a") == ["b.jpg"]


def test_what_is_there_stays(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "b.jpg", b"new")
    assert (tmp_path / "b.jpg").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["b.jpg"]


@pytest.mark.parametrize("taken", [False, True])
def test_file_systems_without_links_work_too(tmp_path, monkeypatch, taken):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    if taken:
        (tmp_path / "b.jpg").write_bytes(b"old")
        with pytest.raises(FileExistsError):
            write_new(tmp_path / "b.jpg", b"new")
    else:
        write_new(tmp_path / "b.jpg", b"new")
    assert (tmp_path / "b.jpg").read_bytes() == (b"old" if taken else b"new")
    assert os.listdir(tmp_path) == ["b.jpg"]


def test_of_many_writers_of_one_name_one_wins(tmp_path):
    won, lost = [], []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        try:
            write_new(tmp_path / "b.jpg", bytes([number]) * 1000)
            won.append(number)
        except FileExistsError:
            lost.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == 7
    assert (tmp_path / "b.jpg").read_bytes() == bytes(won) * 1000


STEPS = ["open", "write", "link", "linked", "unlinked"]
KILLED = """
import builtins, os, pathlib, signal, sys
from rushes.shots import files
step, path = sys.argv[1:]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
real_open, real_link, real_unlink = open, os.link, os.unlink
class Dying:
    def __init__(self, file): self.file = file
    def __enter__(self): return self
    def __exit__(self, *_): self.file.close()
    def write(self, data):
        self.file.write(data[: len(data) // 2]); self.file.flush(); die()
def opened(*arguments):
    file = real_open(*arguments)
    if step == "open": die()
    return Dying(file) if step == "write" else file
def link(*arguments):
    if step == "link": die()
    real_link(*arguments)
    if step == "linked": die()
def unlink(*arguments):
    real_unlink(*arguments); die()
files.open, os.link = opened, link
if step == "unlinked": os.unlink = unlink
files.write_new(pathlib.Path(path), b"whole" * 1000)
"""


@pytest.mark.parametrize("step", STEPS)
def test_kill_9_between_the_steps_leaves_the_file_absent_or_whole(tmp_path, step):
    path = tmp_path / "b.jpg"
    done = subprocess.run([sys.executable, "-c", KILLED, step, str(path)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    if step in ("linked", "unlinked"):
        assert path.read_bytes() == b"whole" * 1000
    else:
        assert not path.exists()
    write_new(tmp_path / "next.jpg", b"x")  # what a dead process left is in nobody's way


def test_a_refusing_disk_leaves_nothing(tmp_path, monkeypatch):
    class Full:
        def __init__(self, *arguments):
            self.file = open(*arguments)  # noqa: SIM115  closed as the real one would be

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "open", Full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "b.jpg", b"x")
    assert os.listdir(tmp_path) == []
