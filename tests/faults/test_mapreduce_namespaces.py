"""Workers on two machines, which are network namespaces here, one of which loses the line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support import netns
from tests.support.mapreduce import settle
from tests.support.mapreduce_nodes import Node, nodes

pytestmark = pytest.mark.skipif(bool(netns.missing()), reason=netns.missing())

FRAMES, EVERY_S, CUT_S = 400, 0.02, 3.0


def lines(file: Path) -> list[list[str]]:
    return [line.split(" ") for line in file.read_text().splitlines()] if file.exists() else []


def test_a_worker_that_is_cut_off_loses_nothing_and_works_on_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("INSECURE", "1")
    file = tmp_path / "handed"
    with netns.joined() as pair, nodes() as running:
        address = f"tcp://{pair.left.address}:7461"
        near, far = pair.left.command(), pair.right.command()
        running.append(Node("stream", address, str(FRAMES), str(EVERY_S), before=near))
        assert running[0].told() == address
        running.append(Node("receive", address, str(file), before=near))
        for side, who in ((near, "near"), (far, "far")):
            work = ("worker", address, "", "none", "takes_a_while")
            running.append(Node(*work, before=side, TAKES_S="0.02", WHO=who))
        assert settle(lambda: {who for *_, who in lines(file)} == {"near", "far"})
        pair.link(False)
        cut = time.monotonic()
        time.sleep(CUT_S)
        before = len(lines(file))
        pair.link(True)
        healed = time.monotonic()
        assert settle(lambda: any(who == "far" for *_, who in lines(file)[before:]))
        back_s = time.monotonic() - healed
        assert settle(lambda: len(lines(file)) >= FRAMES, 40)
        far_did = [int(number) for _, number, who in lines(file) if who == "far"]
        print(
            f"\ncut for {healed - cut:.1f} s, far results again after {back_s:.2f} s; far did {len(far_did)}"
        )
        assert [int(number) for _, number, _ in lines(file)] == list(range(FRAMES))
        assert [node.stop() for node in reversed(running)] == [0] * 4
