"""What the web process makes of deaths around it, and of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from rushes import Depot
from rushes.station.board import BoardWriter
from tests.support.waiting import eventually
from tests.support.web_process import WebProcess
from tests.support.web_station import WebStation


@pytest.fixture
def station():
    with WebStation(f"dying-{os.getpid()}") as made:
        made.put(1)
        yield made


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_it_dies_with_its_station(station, tmp_path):
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[3])\n"
        "from tests.support.web_process import WebProcess\n"
        "web = WebProcess(sys.argv[1], Path(sys.argv[2]))\n"
        "print(web.child.pid, web.url, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", program, station.name, str(tmp_path), root], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        parent.kill()
    eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_a_new_one_has_the_same_address_at_once(station, tmp_path):
    with WebProcess(station.name, tmp_path) as first:
        url = first.url
        assert get(f"{url}/healthz")[0] == 200
        os.kill(first.child.pid, signal.SIGKILL)
        first.ended()
    with WebProcess(station.name, tmp_path, bind=url.removeprefix("http://")) as second:
        assert second.url == url
        assert get(f"{url}/api/channels")[0] == 200


def test_a_source_that_is_made_anew_is_seen_anew(station, tmp_path):
    with WebProcess(station.name, tmp_path) as web:
        picture = f"{web.url}/api/channels/cam/frame.jpg"
        assert get(picture)[2]["X-Frame-Number"] == "1"
        station.depot.unlink()
        station.depot.close()
        eventually(lambda: get(picture)[0] == 503)
        station.depot = Depot.create(station.depot.name, slots=8, shape=(96, 96))
        station.put(2)
        eventually(lambda: get(picture)[0] == 200)
        assert get(picture)[2]["X-Frame-Number"] == "2"


def test_a_station_that_shows_nothing_any_more_is_lost_and_found_again(station, tmp_path):
    with WebProcess(station.name, tmp_path) as web:

        def health():
            return json.loads(get(f"{web.url}/api/station")[1])["health"]["state"]

        assert health() == "live"
        station.show(now_ns=time.time_ns() - 60 * 10**9)
        station.writer.close()
        eventually(lambda: health() == "lost")
        station.writer = BoardWriter(station.name)

        def shown():
            station.show()
            return health() == "live"

        eventually(shown)


def test_a_board_that_makes_no_sense_is_a_problem_and_no_end(station, tmp_path):
    import numpy as np

    with WebProcess(station.name, tmp_path) as web:
        url = web.url
        station.writer._depot.put(np.frombuffer(b"{nonsense", np.uint8))
        eventually(lambda: get(f"{url}/api/channels")[0] == 503)
        station.show()
        eventually(lambda: get(f"{url}/api/channels")[0] == 200)
