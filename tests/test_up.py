"""The station as it is used: started, looked at, its processes killed, ended."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rushes

COMMAND = [sys.executable, "-m", "rushes"]
PATIENCE_S = 60.0
# What runs without any source has workers.
SOURCE = "--source=card=testcard:1280x720@30"


def eventually(condition, what):
    """Polls until ``condition()`` gives something true, which is returned."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {PATIENCE_S:.0f} s: {what}")


@contextlib.contextmanager
def running(*arguments, record=False, page=False, **more):
    """``rushes up`` in a session of its own; killed, with what it started, if the test does not end it."""
    without = [*([] if record else ["--no-record"]), *([] if page else ["--bind", "off"])]
    if not any(each.startswith("--source") for each in arguments):
        without.append(SOURCE)
    process = subprocess.Popen(
        [*COMMAND, "up", *without, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,
    )
    children = {}
    try:
        children = eventually(lambda: flowing(process), "frames flow")
        yield process, children
    finally:
        left = children_of(process.pid)
        for child in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.kill()
        process.communicate()
        eventually(
            lambda: not any(Path(f"/proc/{child}").exists() for child in left), "its children are gone"
        )
        rushes.sweep()


def children_of(pid):
    """Pids of its children; none when it is gone."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def stages(pid):
    """Pids of the station's processes of channels by role: "card source"."""
    found = {}
    # A process may be gone, or not yet be what it will be, at any step.
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError, ValueError, IndexError):
                role = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[-2].decode()
                if " " in role:
                    found[role] = int(child)
    return found


def info(pid):
    return next((each for each in rushes.list_depots() if each.name == f"rushes-up-{pid}-card"), None)


def flowing(process, beyond=5):
    """The stages once there is one and frames beyond that sequence are there."""
    if process.poll() is not None:
        pytest.fail(f"ended early with {process.returncode}: {process.communicate()}")
    depot, found = info(process.pid), stages(process.pid)
    return found if depot is not None and depot.head > beyond and found else None


def gone(pids):
    """Whether all have ended, be it that nobody has collected them yet."""
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                return False
    return True


def check_books(report):
    assert report["ok"], report
    assert report["adds_up"]
    (channel,) = report["channels"]
    edges = channel["edges"]
    assert [edge["edge"] for edge in edges] == ["card source -> card"]
    for edge in edges:
        assert edge["offered"] == edge["delivered"] + sum(edge["dropped"].values()) + edge["waiting"], edge
        assert edge["delivered"] > 0
    return channel


def test_for_three_seconds_every_frame_is_accounted_for():
    began = time.monotonic()
    run = subprocess.run(
        [*COMMAND, "up", SOURCE, "--for", "3s", "--no-record", "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    channel = check_books(report)
    assert report["reason"] == "time is up"
    assert 30 <= channel["edges"][0]["offered"] <= 30 * (time.monotonic() - began) + 1
    assert channel["age_ms"]["count"] > 0
    assert report["restarts"] == {"web": 0, "card source": 0}
    assert rushes.list_depots() == []


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_the_normal_end(ask):
    with running() as (process, children):
        # To the whole group, as a terminal does it.
        os.killpg(process.pid, ask) if ask == signal.SIGINT else process.send_signal(ask)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        assert "every frame is accounted for" in out
        assert "native core:" in out
        assert "restarts" not in out
        assert err == ""
        assert gone(children.values())
        assert info(process.pid) is None


def test_ctrl_c_while_it_starts_is_an_orderly_end_too():
    process = subprocess.Popen(
        [*COMMAND, "up", SOURCE, "--no-record"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("rushes ")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "every frame is accounted for" in out
    assert err == ""
    assert info(process.pid) is None


def test_killed_stages_are_healed_and_their_losses_counted():
    with running("--json") as (process, children):
        os.kill(children["card source"], signal.SIGKILL)
        head = info(process.pid).head
        healed = eventually(
            lambda: (
                (now := flowing(process, head + 20)) and now["card source"] != children["card source"] and now
            ),
            "frames from a new card",
        )
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        report = json.loads(out)
        channel = check_books(report)
        assert report["restarts"] == {"card source": 1}
        assert channel["edges"][0]["dropped"]["stage down"] > 0
        assert gone(healed.values())


def test_a_killed_station_leaves_no_process_and_sweep_removes_its_depot():
    with running() as (process, children):
        process.kill()
        process.wait()
        eventually(lambda: gone(children.values()), "its processes end")
        # A moment later: a process shows as ended when its first thread is, and the last one lets the depot go.
        left = eventually(
            lambda: (seen := info(process.pid)) and not seen.alive and seen, "the depot is let go"
        )
        sweep = [*COMMAND, "depot", "sweep"]
        dry = subprocess.run(
            [*sweep, "--dry-run"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        assert left.name in dry.stdout
        assert info(process.pid) is not None
        subprocess.run(sweep, capture_output=True, timeout=PATIENCE_S, check=True)
        assert info(process.pid) is None


def test_a_terminal_gets_one_live_line():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "up", SOURCE, "--for", "1s", "--no-record", "--bind", "off"],
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of the other side is an error here, and not an empty read
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0
    text = shown.decode()
    assert text.count("age p50") >= 3
    assert "\x1b[2K" in text, "the line is replaced"
    assert "card source -> card" in text
