from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rushes.server.answers import NewsAnswer
from rushes.server.terminal import Terminal
from rushes.station.messages import Jobs, Told


class Link:
    """A pipe that may be full."""

    def __init__(self):
        self.heard: list[Any] = []
        self.full = False

    def say(self, word):
        if not self.full:
            self.heard.append(word)
        return not self.full

    def taken(self):
        heard, self.heard = self.heard, []
        return heard


def made(news, states) -> Any:
    state: Any = SimpleNamespace(
        fleet=SimpleNamespace(news=lambda: tuple(news)),
        jobs=lambda: [SimpleNamespace(state=each) for each in states],
    )
    link: Any = Link()
    return Terminal(state, link), link


def test_news_are_told_once_and_those_without_room_later():
    news = [NewsAnswer(t=1.0, text="joined the hub"), NewsAnswer(t=2.0, text="station barn joined")]
    terminal, link = made(news, [])
    terminal.tell()
    terminal.tell()
    assert link.taken() == [Told("joined the hub"), Told("station barn joined")]
    news.append(NewsAnswer(t=3.0, text="station barn is gone"))
    link.full = True
    terminal.tell()
    link.full = False
    terminal.tell()
    assert link.taken() == [Told("station barn is gone")]


def test_jobs_are_told_when_their_number_changes():
    states: list[str] = []
    terminal, link = made([], states)
    terminal.tell()
    assert link.taken() == [], "there were none before"
    states += ["saving", "in_queue", "in_queue", "success", "error"]
    terminal.tell()
    terminal.tell()
    assert link.taken() == [Jobs(1, 2)]
    states.clear()
    link.full = True
    terminal.tell()
    link.full = False
    terminal.tell()
    assert link.taken() == [Jobs(0, 0)]
