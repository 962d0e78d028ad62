"""What pystreaming's document names, used between real processes with only the import line changed.

That document shows no example; these are the programs that its descriptions make.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import zmq

from rushes.compat.pystreaming import (
    IMAG_L,
    IMAG_M,
    IMAG_S,
    TEST_L,
    TEST_M,
    TEST_S,
    Receiver,
    Streamer,
    buffer,
    dispfps,
    loadimage,
    recv,
)
from tests.support.processes import script
from tests.support.xvfb import xvfb

PATIENCE_MS = 30_000
NUMBERS = itertools.count()

FILM = """
from rushes.compat.pystreaming import Streamer
import threading
stream = Streamer(sys.argv[1], tracks=None, nproc=2, mapreduce=False)
stream.start()
over = threading.Event()
def film():
    for number in range(100_000):
        stream.send(np.full((48, 64, 3), number % 256, np.uint8))
        if over.wait(0.01):
            return
thread = threading.Thread(target=film)
thread.start()
input()
over.set()
thread.join()
stream.stop()
"""
CARDS = """
from rushes.compat.pystreaming import Streamer
import threading
stream = Streamer(sys.argv[1])
threading.Thread(target=lambda: (input(), stream.stop())).start()
stream.testcard(int(sys.argv[2]), animated=sys.argv[3] == "animated")
print("ended", flush=True)
"""
WORK = """
from rushes.compat.pystreaming import Worker
worker = Worker(sys.argv[1], sys.argv[2], track="none", reqthread=3, decproc=2)
worker.start()
print("started", flush=True)
for data in worker.handler:
    assert isinstance(bytes(data["buf"]), bytes)
    data["arr"] = 255 - data["arr"]
    data["meta"] = {"worker": os.getpid()}
    worker.send(data)
"""
SEND = """
import zmq
from rushes.compat.pystreaming import send
with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
    socket.connect(sys.argv[1])
    send(socket=socket, fno=3, ftime=2.5, meta={"eye": "left"}, arr=np.full((4, 6, 3), 8, np.uint8))
    send(socket=socket, fno=4, ftime=3.5, meta=(1, 2), buf=b"coded", flags=0)
"""
SHOW = """
import cv2, re
if re.search("GUI: +NONE", cv2.getBuildInformation()):
    print("no windows", flush=True)
    raise SystemExit
from rushes.compat.pystreaming import display
print("showing", flush=True)
try:
    while True:
        display(np.full((240, 320, 3), 90, np.uint8), BGR=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
# Without a window manager nobody gives a new window the keys.
ESCAPE = ["xdotool", "search", "--sync", "--name", "rushes", "windowfocus", "--sync", "key", "Escape"]


@pytest.fixture
def endpoint():
    return f"ipc://test-seeds-{os.getpid()}-{next(NUMBERS)}"


def some(handler, count):
    items = list(itertools.islice(handler(timeout=PATIENCE_MS), count))
    assert None not in items, "nothing came"
    return items


def test_frames_of_another_process_are_received(endpoint):
    receiver = Receiver(endpoint, nproc=2, mapreduce=False)
    with script(FILM, endpoint) as film:
        receiver.start()
        items = some(receiver.handler, 30)
        receiver.stop()
        film.say()
        assert film.wait() == 0
    receiver.close()
    assert all({"arr", "meta", "ftime", "fno"} <= set(each) for each in items)
    numbers = [each["fno"] for each in items]
    assert numbers == sorted(set(numbers))
    assert all(abs(each["arr"].mean() - each["fno"] % 256) < 3 for each in items)


def test_workers_of_other_processes_take_frames_and_send_results_on(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    streamer = Streamer("tcp://127.0.0.1:0", tracks=["none"], nproc=2, mapreduce=True)
    receiver = Receiver("tcp://127.0.0.1:0", nproc=2, mapreduce=True)
    streamer.start()
    receiver.start()
    places = streamer.address, receiver.address
    try:
        with script(WORK, *places) as one, script(WORK, *places) as other:
            assert (one.line(), other.line()) == ("started", "started")
            for number in range(40):
                streamer.send(np.full((48, 64, 3), number, np.uint8))
            items = some(receiver.handler, 40)
            pids = {one.pid, other.pid}
    finally:
        streamer.close()
        receiver.close()
    assert [each["fno"] for each in items] == list(range(40))
    assert all(abs(each["arr"].mean() - 255 + each["fno"]) < 4 for each in items)
    assert {each["meta"]["worker"] for each in items} <= pids


@pytest.mark.parametrize(
    ("card", "animated", "size"), [(TEST_S, False, (640, 480)), (IMAG_M, True, (1280, 720))]
)
def test_a_card_is_shown_until_the_stop(endpoint, card, animated, size):
    with (
        script(CARDS, endpoint, str(card), "animated" if animated else "still") as cards,
        Receiver(endpoint) as receiver,
    ):
        frames = [each["arr"].copy() for each in some(receiver.handler, 3)]
        cards.say()
        assert cards.line() == "ended"
        assert cards.wait() == 0
    receiver.close()
    assert {frame.shape for frame in frames} == {(size[1], size[0], 3)}
    assert np.array_equal(frames[0], frames[-1]) is not animated


def test_the_cards_are_six_pictures_in_three_sizes():
    cards = TEST_S, TEST_M, TEST_L, IMAG_S, IMAG_M, IMAG_L
    assert cards == (0, 1, 2, 3, 4, 5)
    assert [loadimage(card).size for card in cards] == [(640, 480), (1280, 720), (1920, 1080)] * 2


def test_two_streams_are_merged_in_time_and_their_rate_told(endpoint, capsys):
    with (
        script(FILM, f"{endpoint}-a") as left,
        script(FILM, f"{endpoint}-b") as right,
        Receiver(f"{endpoint}-a") as one,
        Receiver(f"{endpoint}-b") as other,
    ):
        handlers = {"left": one.handler, "right": other.handler}
        merged = dispfps(buffer(0.1, handlers), n=10)
        items: list[tuple[str, dict[str, Any]]] = []
        # On a busy machine one of the films begins long after the other.
        while {"left", "right"} != {name for name, _ in items[-100:]}:
            items += itertools.islice(merged, 20)
        written = list(itertools.islice(dispfps(one.handler, n=5, write=True), 10))
        for each in (left, right):
            each.say()
            assert each.wait() == 0
    one.close()
    other.close()
    assert [data["ftime"] for _, data in items] == sorted(data["ftime"] for _, data in items)
    assert "FPS: " in capsys.readouterr().out
    assert np.ptp(written[-1]["arr"]) > 100, "the rate stands in the picture"


def test_single_items_come_over_a_socket_of_the_programs_own():
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        socket.rcvtimeo = PATIENCE_MS
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        with script(SEND, f"tcp://127.0.0.1:{port}"):
            first = recv(socket=socket, arr=True)
            second = recv(socket=socket, buf=True, flags=0)
    assert (first["fno"], first["ftime"], first["meta"]) == (3, 2.5, {"eye": "left"})
    assert np.array_equal(first["arr"], np.full((4, 6, 3), 8, np.uint8))
    assert (second["fno"], second["meta"], bytes(second["buf"])) == (4, (1, 2), b"coded")


def test_a_window_ends_the_program_with_escape(monkeypatch):
    if find_spec("cv2") is None or shutil.which("xdotool") is None:
        pytest.skip("this needs opencv-python and xdotool")
    with xvfb() as screen:
        monkeypatch.setenv("DISPLAY", screen.name)
        monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
        with script(SHOW) as show:
            if show.line() == "no windows":
                pytest.skip("this OpenCV has no windows: it is opencv-python-headless")
            subprocess.run(ESCAPE, timeout=60, check=True, capture_output=True)
            assert show.line() == "interrupted"
            assert show.wait() == 0
