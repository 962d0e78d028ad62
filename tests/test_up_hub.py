"""A station that starts the hub which others join, as its users start it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess

import pytest

from rushes import Station
from rushes.wire import hub_roles
from tests.support.fleets import names
from tests.support.fleets import told as get_json
from tests.test_up import COMMAND, PATIENCE_S, eventually, gone
from tests.test_up_config import board, stage
from tests.test_up_join import page, up

HOST, GUEST = (f"hub-{each}-{os.getpid()}" for each in ("host", "guest"))


@pytest.fixture
def bind():
    """An address that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return f"127.0.0.1:{port}"


def server_of(pid):
    """The hub's server, which the process ``pid`` has started; None while there is none."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            for child in map(int, file.read().split()):
                with open(f"/proc/{child}/comm") as comm:
                    if comm.read().startswith("nats"):
                        return child
    return None


def hub_stage(name):
    seen = board(name)
    return seen and next((each for each in seen.stages if each.kind == "hub" and each.pid), None)


@pytest.mark.parametrize("secured", [False, True])
def test_two_stations_see_each_other_at_the_hub_of_one(tmp_path, bind, secured):
    keys = []
    if secured:
        (tmp_path / "keys").mkdir(mode=0o700)
        hub_roles.new(tmp_path / "keys")
        keys = ["--keys", str(tmp_path / "keys")]
    join = f"{'tls' if secured else 'nats'}://{bind}"
    with (
        up(HOST, tmp_path / "host", "--set", f"hub.bind={bind}", "--no-record", *keys),
        up(GUEST, tmp_path / "guest", "--join", join, "--no-record", *keys),
    ):
        host, guest = page(HOST), page(GUEST)
        eventually(lambda: names(host) == {"cam", f"cam_{GUEST}"}, "the host sees the guest")
        eventually(lambda: names(guest) == {"cam", f"cam_{HOST}"}, "the guest sees the host")
        assert hub_stage(HOST).name == "hub"
        assert (tmp_path / "host" / "hub").is_dir()
        if secured:
            return
        server = eventually(lambda: server_of(hub_stage(HOST).pid), "the server runs")
        os.kill(hub_stage(HOST).pid, signal.SIGKILL)
        eventually(lambda: gone([server]), "the server goes with its process")
        eventually(lambda: stage(board(HOST), "hub").restarts == 1, "it is started again")
        eventually(lambda: names(host) == {"cam", f"cam_{GUEST}"}, "they find each other again")


def test_nothing_is_left_when_the_station_is_killed(tmp_path, bind):
    command = [*COMMAND, "up", "--source", "cam=testcard:160x90@5", "--name", HOST, "--json", "--no-record"]
    process = subprocess.Popen(
        [*command, "--data", str(tmp_path), "--bind", "off", "--set", f"hub.bind={bind}"],
        stdout=subprocess.DEVNULL,
    )
    try:
        hub = eventually(lambda: hub_stage(HOST), "the hub's process").pid
        server = eventually(lambda: server_of(hub), "the server runs")
    finally:
        process.kill()
        process.wait()
    eventually(lambda: gone([hub, server]), "both go with the station")
    subprocess.run([*COMMAND, "depot", "sweep"], capture_output=True, timeout=PATIENCE_S, check=True)


def test_who_looks_at_the_terminal_is_told_of_the_fleet_and_pages_not_twice(tmp_path, bind):
    config = {
        "station": {"name": HOST, "data": str(tmp_path)},
        "web": {"bind": "127.0.0.1:0"},
        "hub": {"bind": bind},
        "channel": [{"name": "cam", "source": "testcard:160x90@5", "record": False}],
    }
    told: list[str] = []
    with Station(config) as station:
        joined = f"joined the hub nats://{bind}"

        def heard():
            told.extend(station.status().news)
            return joined in told

        eventually(heard, "it is told")
        assert told.count(joined) == 1
        shown = [each["text"] for each in get_json(f"{station.url}/api/station")["news"]]
        assert shown.count(joined) == 1
        report = station.stop()
    assert report is not None
    assert report.ok, report


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("taken", "no hub can be started at"),
        ("0.0.0.0:4222", "rushes keys new DIR"),
        ("127.0.0.1:0", "others have to know the port"),
        ("4222", "HOST:PORT"),
    ],
)
def test_a_hub_that_cannot_be_started_is_a_mistake_of_the_command(wanted, told, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        if wanted == "taken":
            wanted = f"127.0.0.1:{other.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, "up", "--set", f"hub.bind={wanted}", "--bind", "off"],
            capture_output=True,
            timeout=PATIENCE_S,
            text=True,
            cwd=tmp_path,
        )
    assert done.returncode == 2
    assert told in done.stderr
