"""Streams between two network namespaces: packets lost, a narrow line, a cable pulled out, strangers."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from rushes import Recorder
from rushes.capture.sources import open_source
from rushes.testing import read_card
from rushes.wire.keys import client, new
from tests.support import netns, rtsp_server
from tests.support.netns import Namespace, Pair
from tests.support.stream_ledger import check_receiver, check_sender, eventually
from tests.support.stream_nodes import Node, Said, Start, starter


@pytest.fixture(scope="module", autouse=True)
def possible() -> None:
    if why := netns.missing():
        pytest.skip(f"no network namespaces: {why}")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with netns.joined() as made:
        yield made


@pytest.fixture
def start(pair: Pair) -> Iterator[Start]:
    """After the pair, so that its nodes are gone before the namespaces are."""
    with starter() as begin:
        yield begin


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home") / "keys"
    new(place)
    return place


def link(start: Start, pair: Pair, keys: Path, **plan: object) -> tuple[Node, Node]:
    """A publisher on the left and a subscriber on the right that has found it."""
    address = f"tcp://{pair.left.address}:5600"
    common = {"address": address, "keys": str(keys), "fps": 100, "count": 100, "size": 50_000}
    sender = start("stream_wire", {**common, **plan, "end": "publish"}, pair.left)
    sender.hear("ready")
    receiver = start("stream_wire", {**common, **plan, "end": "receive"}, pair.right)
    sender.hear("subscribed")
    return sender, receiver


@pytest.mark.long
def test_a_link_with_keys_loses_no_message_to_lost_packets(start: Start, pair: Pair, keys: Path) -> None:
    pair.loss(3)
    sender, receiver = link(start, pair, keys, fps=25, count=50, size=20_000)
    sender.tell("go")
    heard = receiver.until(lambda said: said.get("number") == 49)
    assert [said["number"] for said in heard if said["what"] == "frame"] == list(range(50))
    assert pair.lost() > 0


@pytest.mark.long
def test_a_link_is_up_again_after_the_cable_was_out(start: Start, pair: Pair, keys: Path) -> None:
    sender, receiver = link(start, pair, keys, count=100_000)
    sender.tell("go")
    receiver.hear("frame")
    pair.link(up=False)
    receiver.hear("down")
    pair.link(up=True)
    receiver.hear("up")
    after = receiver.until(lambda said: said["what"] == "frame" and said["number"] > 200)
    numbers = [said["number"] for said in after if said["what"] == "frame"]
    assert all(later > earlier for earlier, later in pairwise(numbers))


def test_a_stranger_is_denied_across_the_network(
    start: Start, pair: Pair, keys: Path, tmp_path: Path
) -> None:
    new(tmp_path / "other")
    client(tmp_path / "other", "bob")
    address = f"tcp://{pair.left.address}:5600"
    plan = {"address": address, "fps": 50, "count": 100_000, "size": 1000}
    sender = start("stream_wire", {**plan, "end": "publish", "keys": str(keys)}, pair.left)
    sender.hear("ready")
    sender.tell("go")
    receiver = start("stream_wire", {**plan, "end": "receive", "keys": str(tmp_path / "other")}, pair.right)
    heard = receiver.until(lambda said: said["what"] == "denied")
    assert [(said["what"], said["error"]) for said in heard] == [("denied", "AccessDenied")]
    assert sender.hear("refused")["error"] == "AccessDenied"


def stream(
    start: Start,
    pair: Pair,
    keys: Path,
    sending: Said,
    receiving: Said | None = None,
) -> tuple[Node, Node]:
    """A streamer on the left and a receiver on the right, with keys, each told what to do besides."""
    common = {"address": f"tcp://{pair.left.address}:5600"}
    options = {"keys": str(keys), **sending.pop("options", {})}
    sender = start(
        "stream_node", {**common, "end": "send", "peers": 1, **sending, "options": options}, pair.left
    )
    sender.hear("ready")
    plan = {**common, "end": "receive", "options": {"keys": str(keys)}, **(receiving or {})}
    return sender, start("stream_node", plan, pair.right)


def settle(sender: Node, receiver: Node, heard: list[Said]) -> tuple[Said, Said]:
    """Stops both and checks all counts; ``heard`` is what the receiver said so far. Their last counts."""
    receiver.tell("stop")
    rest = receiver.until(lambda said: said["what"] == "done")
    sender.tell("stop")
    sent = sender.hear("done")
    check_sender(sent)
    check_receiver(rest[-1], heard + rest, rest=True)
    return sent, rest[-1]


def to_the_last(sender: Node, receiver: Node) -> list[Said]:
    """All that the receiver says until it has the last frame that is sent."""
    last = sender.hear("sent")["last"]
    return receiver.until(lambda said: last in (said.get("number"), said.get("last")))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a test card, recorded."""
    path = tmp_path_factory.mktemp("film") / "card.mp4"
    recorder = Recorder("testcard:640x360@50", path, every_s=0.02)
    recorder.start()
    eventually(lambda: recorder.stats().written >= 110, "pictures are recorded")
    recorder.stop()
    assert recorder.wait(20) is not None
    return path


NUMBERED = {"fps": 50, "count": 100, "shape": [240, 320, 3]}


def test_a_recorded_file_crosses_whole_and_in_order(start: Start, pair: Pair, keys: Path, film: Path) -> None:
    sender, receiver = stream(start, pair, keys, {"source": f"file:{film}"})
    heard = to_the_last(sender, receiver)
    sent, got = settle(sender, receiver, heard)
    frames = [said for said in heard if said["what"] == "frame"]
    assert len(frames) > 100
    numbers, cards = [said["number"] for said in frames], [said["card"] for said in frames]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    # Where the machine is busy, a film that is shown at its own pace leaves pictures out before they are sent.
    assert cards == sorted(set(cards))
    film_cards = [read_card(each.array, each.format) for each in open_source(f"file:{film}", pace=False)]
    assert set(cards) <= {card[0] for card in film_cards if card}
    assert all(said["meta"]["seen"] == said["number"] for said in frames)
    assert (sent["dropped"], got["dropped"], got["refused"]) == ({}, {}, 0)


@contextlib.contextmanager
def camera(inside: Namespace) -> Iterator[str]:
    """The address of a real RTSP server that is to be had only in there."""
    command = inside.command(rtsp_server.PYTHON, rtsp_server.__file__, "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"rtsp://127.0.0.1:{int(process.stdout.readline())}/live"
        finally:
            process.kill()


@pytest.mark.skipif(bool(rtsp_server.missing()), reason=f"no RTSP server: {rtsp_server.missing()}")
@pytest.mark.parametrize("codec", ["jpeg", pytest.param("h264", marks=pytest.mark.long)])
def test_a_camera_crosses_whole_and_in_order(start: Start, pair: Pair, keys: Path, codec: str) -> None:
    with camera(pair.left) as address:
        plan = {"source": address, "count": 30, "options": {"codec": codec}}
        sender, receiver = stream(start, pair, keys, plan)
        heard = to_the_last(sender, receiver)
        sent, got = settle(sender, receiver, heard)
    assert got["delivered"] > 20
    assert (sent["dropped"], got["dropped"], got["refused"]) == ({}, {}, 0)


def test_lost_packets_lose_no_frame(start: Start, pair: Pair, keys: Path) -> None:
    pair.loss(3)
    sender, receiver = stream(start, pair, keys, {**NUMBERED, "options": {"codec": "jpeg"}})
    heard = to_the_last(sender, receiver)
    _, got = settle(sender, receiver, heard)
    assert pair.lost() > 0
    assert got["delivered"] + sum(got["dropped"].values()) == got["expected"] > 80
    assert all(said["right"] for said in heard if said["what"] == "frame")


def test_a_narrow_line_drops_frames_and_counts_them(start: Start, pair: Pair, keys: Path) -> None:
    # 230,400 bytes, fifty times a second, are 92 Mbit/s: more than half must go, and what comes is fresh.
    pair.shape(40)
    sender, receiver = stream(start, pair, keys, {**NUMBERED, "options": {"codec": "raw"}})
    sender.hear("sent")
    heard = receiver.until(lambda said: said["what"] == "frame" and said["number"] > 85)
    _, got = settle(sender, receiver, heard)
    assert 15 < got["delivered"] < 80
    assert sum(got["dropped"].values()) > 20
    ages = [said["age_s"] for said in heard if said["what"] == "frame"]
    assert max(ages) < 2.0, ages


def test_a_cable_that_was_out_is_a_gap_and_no_more(start: Start, pair: Pair, keys: Path) -> None:
    sender, receiver = stream(start, pair, keys, {**NUMBERED, "count": 100_000})
    before = receiver.until(lambda said: said.get("number", 0) > 20)
    pair.link(up=False)
    with pytest.raises(AssertionError, match="nothing of the kind"):
        sender.until(lambda _: False, 2.0)
    pair.link(up=True)
    heard = before + receiver.until(lambda said: said["what"] == "gap")
    heard += receiver.until(lambda said: said["what"] == "frame" and said["age_s"] < 0.3)
    heard += receiver.until(lambda said: said.get("number", 0) > heard[-1]["number"] + 30)
    sender.tell("stop")
    assert sender.hear("sent")["longest_s"] < 1.0
    _, got = settle(sender, receiver, heard)
    assert got["runs"] == 1, "the same stream as before"
    assert sum(said["last"] - said["first"] + 1 for said in heard if said["what"] == "gap") > 20


def test_a_receiver_with_other_keys_is_denied(start: Start, pair: Pair, keys: Path, tmp_path: Path) -> None:
    new(tmp_path / "other")
    options = {"options": {"keys": str(tmp_path / "other")}}
    sender, receiver = stream(start, pair, keys, {**NUMBERED, "peers": 0, "count": 100_000}, options)
    assert receiver.hear("error")["error"] == "AccessDenied"
    check_sender(sender.ask("stats"))


def test_nothing_is_opened_to_a_network_without_keys(start: Start, pair: Pair) -> None:
    plan = {"end": "send", "address": f"tcp://{pair.left.address}:5600", "options": {}, "peers": 0}
    sender = start("stream_node", {**NUMBERED, **plan}, pair.left)
    refused = sender.hear("error")
    assert refused["error"] == "ConfigError"
    assert "keys" in refused["text"]
