"""Live streams through a hub whose viewers are slow, stopped or far away, and that is killed itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import netns
from tests.support.netns import Namespace
from tests.support.stream_ledger import check_receiver, check_sender, eventually
from tests.support.stream_nodes import Node, Said, Start, starter

SOURCE = "testcard:640x360@30"


@pytest.fixture
def start() -> Iterator[Start]:
    with starter() as begin:
        yield begin


class Stage:
    """A hub, a streamer and its viewers, each a process, perhaps in a namespace."""

    def __init__(
        self, start: Start, folder: Path, *, address: str = "127.0.0.1:0", side: Namespace | None = None
    ):
        self._start = start
        plan = {"address": f"tcp://{address}", "folder": str(folder), "options": {"insecure": True}}
        self.hub = start("hub_node", plan, side)
        self.url = self.hub.hear("ready")["url"] + "/cam"

    def send(
        self, peers: int, side: Namespace | None = None, source: str = SOURCE, **options: object
    ) -> Node:
        plan = {"end": "send", "address": self.url, "source": source, "peers": peers, "options": options}
        node = self._start("stream_node", plan, side)
        node.hear("ready")
        return node

    def view(self, side: Namespace | None = None, **plan: object) -> Node:
        return self._start(
            "stream_node", {"end": "receive", "address": self.url, "options": {}, **plan}, side
        )


def settle(sender: Node, *viewers: tuple[Node, list[Said]]) -> tuple[Said, list[Said]]:
    """Stops all of them and checks their accounts; what each viewer said before is given with it."""
    sender.tell("stop")
    last = sender.hear("sent")["last"]
    sent = sender.hear("done")
    check_sender(sent)
    counts = []
    for viewer, heard in viewers:
        until_s = time.monotonic() + 1  # or it was lost on the way
        while time.monotonic() < until_s and all(said.get("number", -1) < last for said in heard):
            heard += viewer.so_far()
            time.sleep(0.02)
        viewer.tell("stop")
        heard += viewer.until(lambda said: said["what"] == "done")
        check_receiver(heard[-1], heard[:-1], rest=False)
        counts.append(heard[-1])
    return sent, counts


def frames(heard: list[Said]) -> list[Said]:
    return [said for said in heard if said["what"] == "frame"]


@pytest.mark.parametrize("codec", ["jpeg", pytest.param("h264", marks=pytest.mark.long)])
def test_a_hub_that_is_killed_costs_a_few_frames_and_nothing_else(
    start: Start, tmp_path: Path, codec: str
) -> None:
    stage = Stage(start, tmp_path)
    sender = stage.send(2, codec=codec)
    viewers = [stage.view(), stage.view()]
    heard = [viewer.until(lambda said: said.get("number", 0) >= 10) for viewer in viewers]
    for _ in range(2):
        pid = stage.hub.ask("pid")["pid"]
        os.kill(pid, signal.SIGKILL)
        for viewer, said in zip(viewers, heard, strict=True):
            said += viewer.until(lambda said: said["what"] == "gap")
            said += viewer.until(lambda said: said["what"] == "frame")
    sent, counts = settle(sender, *zip(viewers, heard, strict=True))
    assert set(sent["dropped"]) <= {"no receiver", "full", "stopped"}
    for count, said in zip(counts, heard, strict=True):
        assert count["runs"] == 1
        assert count["dropped"].get("wire", 0) < 60
        assert all(each.get("card") == each["number"] for each in frames(said))


def test_a_viewer_that_is_stopped_harms_nobody_and_gets_the_newest_when_it_goes_on(
    start: Start, tmp_path: Path
) -> None:
    stage = Stage(start, tmp_path)
    sender = stage.send(2)
    lively, stopped = stage.view(), stage.view()
    heard = stopped.until(lambda said: said.get("number", 0) >= 10)
    seen = lively.until(lambda said: said.get("number", 0) >= 10)
    stopped.pause()
    seen += lively.until(lambda said: said.get("number", 0) >= seen[-1]["number"] + 60)
    newest = seen[-1]["number"]
    stopped.resume()
    heard += stopped.until(lambda said: said.get("number", 0) >= newest)
    heard += stopped.until(lambda said: said.get("age_s", 9) < 0.5)
    old = [said for said in frames(heard) if 0 < newest - said["number"] < 55]
    assert len(old) < 30, "it was not made to take what had grown old"
    _, (counts, others) = settle(sender, (stopped, heard), (lively, seen))
    assert sum(counts["dropped"].values()) > 20
    assert others["delivered"] > 0.8 * others["expected"]


@pytest.mark.long
@pytest.mark.skipif(bool(netns.missing()), reason=netns.missing())
def test_a_viewer_behind_a_narrow_line_is_not_shown_an_ever_older_picture(tmp_path: Path) -> None:
    with netns.joined() as pair, starter() as start:
        stage = Stage(start, tmp_path, address=f"{pair.left.address}:5700", side=pair.left)
        sender = stage.send(2, pair.left, "testcard:1280x720@30")
        far, near = stage.view(pair.right), stage.view(pair.left)
        heard = far.until(lambda said: said["what"] == "frame")
        pair.shape(8)  # half of what it takes
        for _ in range(2):
            heard += far.until(lambda said: said.get("age_s", 0) > 0.9)
            heard += far.until(lambda said: said.get("age_s", 9) < 0.4)
        assert max(said["age_s"] for said in frames(heard)) < 4
        pair.shape(1000)
        seen = near.until(lambda said: said.get("number", 0) >= heard[-1]["number"])
        assert max(said["age_s"] for said in frames(seen)) < 0.5
        settle(sender, (far, heard), (near, seen))


@pytest.mark.long
@pytest.mark.skipif(bool(netns.missing()), reason=netns.missing())
def test_a_streamer_behind_a_narrow_line_drops_the_oldest_on_its_side(tmp_path: Path) -> None:
    with netns.joined() as pair, starter() as start:
        stage = Stage(start, tmp_path, address=f"{pair.left.address}:5700", side=pair.left)
        sender = stage.send(1, pair.right, "testcard:1280x720@30")
        viewer = stage.view(pair.left)
        heard = viewer.until(lambda said: said["what"] == "frame")
        pair.shape(8)
        heard += viewer.until(lambda said: said.get("number", 0) >= 150)
        assert max(said["age_s"] for said in frames(heard)) < 3
        sent, _ = settle(sender, (viewer, heard))
        assert sent["dropped"]["full"] > 20


@pytest.mark.long
@pytest.mark.skipif(bool(netns.missing()), reason=netns.missing())
def test_a_viewer_that_the_hub_cut_off_for_being_stopped_comes_back_by_itself(tmp_path: Path) -> None:
    with netns.joined() as pair, starter() as start:
        stage = Stage(start, tmp_path, address=f"{pair.left.address}:5700", side=pair.left)
        sender = stage.send(2, pair.left, codec="raw", source="testcard:1280x720@30")
        stopped, lively = stage.view(pair.left), stage.view(pair.left)
        heard = stopped.until(lambda said: said.get("number", 0) >= 5)
        stopped.pause()
        seen = lively.until(lambda said: said.get("number", 0) >= 220)  # more than the hub keeps for anybody
        stopped.resume()
        heard += stopped.until(lambda said: said["what"] == "gap" and said["reason"] == "wire")
        heard += stopped.until(lambda said: said.get("age_s", 9) < 0.5)
        eventually(lambda: sender.ask("stats")["peers"] == 2, "both watch again")
        settle(sender, (stopped, heard), (lively, seen))
