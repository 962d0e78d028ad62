"""A video server's scripting host that misbehaves on request."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

from tests.unit.shots.pictures import jpeg

GATE, YARD, SERVER = "uR76TlcA", "EZJ4QnbC", "O4Yazs8u"
CHANNEL = f"{GATE}_{SERVER}"


class Node:
    """What a host's settings answer."""

    def __init__(self, name, guid="", entries=None, children=()):
        self.name, self.guid = name, guid
        self._entries, self._children = entries or {}, children

    def __getitem__(self, key):
        return self._entries[key]

    def ls(self):
        return list(self._children)


class FakeHost:
    """``script`` has one way of writing for each call in turn, the last one for all that follow.

    A way gets the path and writes it, on a thread of its own after ``late_s`` seconds.
    """

    def __init__(self, folder: Path, *script, late_s: float = 0.0, channel_name: str = "Gate") -> None:
        self.calls: list[tuple[str, str, str, str, bool]] = []
        self.messages: list[str] = []
        self.questions: list[tuple[object, ...]] = []
        self._script = script or (whole,)
        self._late_s = late_s
        self._guids = (f"guid-{number}" for number in itertools.count())
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        channels = (Node(channel_name, GATE), Node("Yard", YARD))
        self._nodes = {
            "system_wide_options": Node("", entries={"screenshots_folder": str(folder)}),
            f"/{SERVER}": Node("North", SERVER),
            f"/{SERVER}/channels": Node("channels", children=channels),
            **{f"/{SERVER}/channels/{node.guid}": node for node in channels},
        }

    def settings(self, path):
        return self._nodes[path]

    def random_guid(self):
        return next(self._guids)

    def message(self, text):
        self.messages.append(text)

    def question(self, *arguments):
        self.questions.append(arguments)

    def timeout(self, milliseconds, call):
        self.later(milliseconds / 1000, call)

    def screenshot_v2(self, channel, file_name, folder, when):
        self._shoot(channel, file_name, folder, when, figures=False)

    def screenshot_v2_figures(self, channel, file_name, folder, when):
        self._shoot(channel, file_name, folder, when, figures=True)

    def _shoot(self, channel, file_name, folder, when, *, figures):
        with self._lock:
            way = self._script[min(len(self.calls), len(self._script) - 1)]
            self.calls.append((channel, file_name, folder, when, figures))
        path = os.path.join(folder, file_name)
        if way is raises:
            way(path)
        self.later(self._late_s, lambda: way(path))

    def later(self, seconds, call):
        thread = threading.Timer(seconds, call)
        thread.start()
        self._threads.append(thread)

    def close(self):
        while self._threads:
            self._threads.pop().join()


def whole(path):
    write(path, jpeg())


def partial(path):
    write(path, jpeg()[: len(jpeg()) // 2])


def garbage(path):
    write(path, b"not a picture at all")


def never(path):
    pass


def empty(path):
    write(path, b"")


def twice(path):
    whole(path)
    write(path, jpeg(1))


def in_two_pieces(path):
    data = jpeg()
    with open(path, "wb") as file:
        file.write(data[:100])
        file.flush()
        threading.Event().wait(0.1)
        file.write(data[100:])


def raises(path):
    raise RuntimeError("the host is unwell")


def write(path, data):
    try:
        with open(path, "wb") as file:
            file.write(data)
    except FileNotFoundError:
        pass  # the saver was stopped and took its folder along
