"""The reference of a station is complete: every key of its file, every path of its interface, all that its live socket
says.
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from rushes.station.config import given
from rushes.station.config_tables import Config
from tests.support import config_reference

pytest.importorskip("starlette")

from rushes.server import live_viewer, live_words, metrics_page
from rushes.server.openapi import description
from rushes.server.routes_channels import PICTURE_HEADERS

DOCS = Path(__file__).parents[2] / "docs"
HTTP = (DOCS / "reference" / "http.md").read_text(encoding="utf-8")
CONFIG = config_reference.PAGE.read_text(encoding="utf-8")
PATHS: dict[str, dict[str, Any]] = json.loads(description())["paths"]
ROW = re.compile(r"\| `(?P<method>[A-Z]+) (?P<path>/[^`?]*)[^`]*` \|")


def test_the_tables_of_settings_are_those_of_the_code():
    written = CONFIG.split(config_reference.BEGIN)[1].split(config_reference.END)[0].strip()
    assert written == config_reference.tables().strip(), (
        "python -m tests.support.config_reference writes them anew"
    )


def test_every_setting_has_a_row_below_its_table():
    found, table = [], ""
    for line in CONFIG.splitlines():
        heading = re.fullmatch(r"## \[+(\w+)\]+", line)
        table = heading[1] if heading else table
        row = re.match(r"\| `(\w+)` \|", line)
        if row and table:
            found.append(f"{table}.{row[1]}")
    assert found == config_reference.keys()


def test_every_path_is_told_and_nothing_else():
    described = {f"{method.upper()} {path}" for path, row in PATHS.items() for method in row}
    told = {
        f"{row['method']} {row['path']}" for row in ROW.finditer(HTTP) if not row["path"].startswith("/ws/")
    }
    # What no table describes: the page, the description itself, and the view that never ends.
    others = {"GET /", "GET /openapi.json", "GET /api/channels/{channel}/live.mjpg"}
    assert told == described | others


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_parameter_of_a_path_stands_beside_it(path):
    for method, row in PATHS[path].items():
        line = next(each for each in HTTP.splitlines() if each.startswith(f"| `{method.upper()} {path}")
                    and each[len(f"| `{method.upper()} {path}")] in "`?")  # fmt: skip
        shown = re.findall(r"(\w+)=", line.partition("`")[2].partition("`")[0])
        assert shown == [each["name"] for each in row["parameters"] if each["in"] == "query"]


def test_every_word_of_the_live_socket_is_told():
    words = [each.__struct_config__.tag for each in (*get_args(live_words.Said), *get_args(live_words.Word))]
    assert [word for word in words if f"`{word}`" not in HTTP] == []
    for each in (*get_args(live_words.Said), *get_args(live_words.Word)):
        line = next(row for row in HTTP.splitlines() if row.startswith(f"| `{each.__struct_config__.tag}` |"))
        fields = [field.encode_name for field in msgspec.structs.fields(each)]
        assert [name for name in fields if f"`{name}`" not in line] == []


@pytest.mark.parametrize("reason", live_viewer.REASONS)
def test_every_reason_for_which_viewers_miss_pictures_is_told(reason):
    assert f'"{reason}"' in HTTP


@pytest.mark.parametrize("header", PICTURE_HEADERS)
def test_the_headers_of_pictures_are_told(header):
    assert f"`{header}`" in HTTP


def test_the_file_in_the_howto_has_only_settings_that_there_are():
    howto = (DOCS / "howto" / "station.md").read_text(encoding="utf-8")
    files = re.findall(r"```toml\n(.*?)```", howto, re.DOTALL)
    assert files
    for text in files:
        variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "x")
        reading = given(tomllib.loads(text), variables=variables)
        assert reading.mistakes == ()
        assert isinstance(reading.config, Config)


def test_every_counter_of_the_exposition_is_told():
    source = Path(inspect.getfile(metrics_page)).read_text(encoding="utf-8")
    counters = set(re.findall(r'"(rushes_\w+)"', source))
    assert counters
    assert [name for name in sorted(counters) if f"`{name}" not in HTTP] == []
