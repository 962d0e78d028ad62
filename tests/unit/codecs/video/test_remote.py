"""Inputs over a network that refuse, stall or die; and passwords, which no message may show."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Iterator

import pytest

from rushes.codecs.video.demux import MediaInput
from rushes.errors import ConfigError, SourceError, SourceLost, SourceUnavailable
from tests.unit.codecs.video.cards import number, record


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    record(path, 75)
    return path.read_bytes()


class Server:
    """Answers one request with ``data`` and then keeps silent, or hangs up."""

    def __init__(self, data: bytes, *, hang_up: bool) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._data, self._hang_up = data, hang_up
        self._over = threading.Event()
        self.sent = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            link, _ = self._listener.accept()
            with link:
                link.recv(65536)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n" + self._data)
                self.sent.set()
                if not self._hang_up:
                    self._over.wait(60)

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(30)


@contextlib.contextmanager
def serving(data: bytes, *, hang_up: bool = False) -> Iterator[Server]:
    server = Server(data, hang_up=hang_up)
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_refused(scheme):
    port = free_port()
    with pytest.raises(SourceUnavailable, match="refused") as refused:
        MediaInput(f"{scheme}://admin:s3cret@127.0.0.1:{port}/live?token=hidden", open_timeout_s=5)
    assert_no_secrets(refused.value)
    assert refused.value.uri == f"{scheme}://***@127.0.0.1:{port}/live?token=***"


@pytest.mark.parametrize("answer", [b"", b"<html>Please log in</html>" * 100])
def test_an_answer_that_is_no_video(answer):
    with serving(answer, hang_up=True) as server, pytest.raises(SourceUnavailable) as refused:
        MediaInput(f"http://admin:s3cret@127.0.0.1:{server.port}/a.mp4", open_timeout_s=5)
    assert_no_secrets(refused.value)


def test_a_silent_server_is_given_up():
    with (
        serving(b"") as server,
        pytest.raises(SourceUnavailable, match="longer than the time allowed") as refused,
    ):
        MediaInput(f"http://admin:s3cret@127.0.0.1:{server.port}/a.mp4", open_timeout_s=0.5)
    assert_no_secrets(refused.value)


def test_a_stream_that_stalls_is_lost(clip):
    with (
        serving(clip[: len(clip) * 2 // 3]) as server,
        MediaInput(url(server), open_timeout_s=10, read_timeout_s=0.5) as media,
    ):
        assert media.info.live
        seen: list[int | None] = []
        with pytest.raises(SourceLost) as lost:
            seen.extend(number(picture) for picture in media.frames())
        assert seen[:25] == list(range(25))
        assert_no_secrets(lost.value)


def test_a_server_that_hangs_up_ends_the_iteration(clip):
    with serving(clip[: len(clip) * 2 // 3], hang_up=True) as server, MediaInput(url(server)) as media:
        assert media.info.live
        assert media.info.duration_s is None
        seen: list[int | None] = []
        with contextlib.suppress(SourceLost):
            seen.extend(number(picture) for picture in media.frames() if not picture.corrupt)
        assert seen[:25] == list(range(25))


def test_close_does_not_wait_for_a_stalled_read(clip):
    with serving(clip[: len(clip) * 2 // 3]) as server:
        media = MediaInput(url(server), open_timeout_s=10, read_timeout_s=2)
        seen: list[object] = []
        errors: list[BaseException] = []

        def read() -> None:
            try:
                seen.extend(media.frames())
            except SourceError as error:
                errors.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        while thread.is_alive() and not media._using.locked():
            time.sleep(0.01)
        began = time.monotonic()
        media.close()
        assert time.monotonic() - began < 1.5
        thread.join(30)
        assert not thread.is_alive()
        assert not errors


def test_going_back_in_a_live_stream_is_refused(clip):
    with serving(clip, hang_up=True) as server, MediaInput(url(server)) as media:
        next(media.frames())
        with pytest.raises(ConfigError, match="live") as refused:
            media.seek(0)
        assert_no_secrets(refused.value)


def url(server: Server) -> str:
    return f"http://admin:s3cret@127.0.0.1:{server.port}/a.mp4"


def assert_no_secrets(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    code = [line for line in shown.splitlines() if "MediaInput(" not in line]  # the test's own lines
    assert not [line for line in code if "s3cret" in line or "hidden" in line]
