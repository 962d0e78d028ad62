"""What the page believes the answers to be, and what its mock answers, beside what a station answers."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rushes.server import answers

WEB = Path(__file__).parents[3] / "web"
INTERFACE = re.compile(r"^export interface (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^  (\w+)\??:", re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("Station", answers.StationAnswer),
        ("Channel", answers.ChannelAnswer),
        ("Job", answers.JobAnswer),
        ("Stage", answers.StageAnswer),
        ("Edge", answers.EdgeAnswer),
        ("History", answers.History),
        ("Span", answers.SpanAnswer),
        ("Session", answers.Session),
    ],
)
def test_the_page_knows_each_name_of_an_answer(name: str, answer: Any) -> None:
    known = dict(INTERFACE.findall((WEB / "src/net/types.ts").read_text()))
    assert set(NAME.findall(known[name])) == set(answer.__struct_encode_fields__)


def test_the_mock_answers_what_a_station_would() -> None:
    world = runpy.run_path(str(WEB / "mock/world.py"))["World"]()
    told: list[tuple[list[dict[str, Any]], Any]] = [
        ([world.station()], answers.StationAnswer),
        (world.channels(), answers.ChannelAnswer),
        (world.stages(), answers.StageAnswer),
        (world.edges(), answers.EdgeAnswer),
    ]
    for given, answer in told:
        for each in given:
            msgspec.convert(each, answer)
            assert set(each) == set(answer.__struct_encode_fields__)
        assert given
