"""What documents say of figures, commands and counters is what the code and the kept results say."""

from __future__ import annotations

import dataclasses
import inspect
import re
import tomllib
from pathlib import Path

import pytest

from rushes.archive.records import ArchiveStats, RecordingStats
from rushes.capture.recorder.ledger import RecorderStats
from rushes.capture.records import SourceStats
from rushes.depot.records import ConsumerStats, DepotStats
from rushes.jobs import JobStats
from rushes.loader.claims import LoaderStats
from rushes.metrics import EdgeStats
from rushes.stream.backlog import WorkBacklog, backlog_samples
from rushes.stream.records import StreamStats
from tests.docs.blocks import DOCUMENTS, ROOT, shown_commands
from tests.support import cli_reference, readme_ratios

METRICS = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
SERVER = ROOT / "src" / "rushes" / "server"
RECORDS = [
    ArchiveStats,
    ConsumerStats,
    DepotStats,
    EdgeStats,
    JobStats,
    LoaderStats,
    RecorderStats,
    RecordingStats,
    SourceStats,
    StreamStats,
]
VERBS = {verb.words: verb for verb in cli_reference.verbs()}


def between(page: Path, begin: str, end: str) -> str:
    return page.read_text(encoding="utf-8").split(begin)[1].split(end)[0].strip()


def rows(text: str) -> list[tuple[str, ...]]:
    return [
        tuple(cell.strip() for cell in line.strip("|").split(" |"))
        for line in text.splitlines()
        if line.startswith("| `")
    ]


def test_the_ratios_in_the_readme_are_those_of_the_kept_results():
    written = between(readme_ratios.PAGE, readme_ratios.BEGIN, readme_ratios.END)
    assert written == readme_ratios.table(), "python -m tests.support.readme_ratios writes them anew"


def test_the_commands_in_the_reference_are_those_of_the_command_line():
    written = between(cli_reference.PAGE, cli_reference.BEGIN, cli_reference.END)
    assert written == cli_reference.page().strip(), "python -m tests.support.cli_reference writes them anew"


@pytest.mark.parametrize("words", VERBS)
def test_every_option_of_a_verb_says_what_it_does(words):
    verb = VERBS[words]
    assert verb.help
    assert [each.names for each in verb.options if not each.about] == []
    assert any("--json" in each.names for each in verb.options)


@pytest.mark.parametrize("line", shown_commands())
def test_every_option_of_a_command_that_is_shown_exists(line):
    words = line.partition("#")[0].split()[1:]
    verb = VERBS.get(" ".join(words[:2])) or VERBS[words[0]]
    known = {name for each in verb.options for name in each.names}
    used = {word.partition("=")[0] for word in words if re.fullmatch(r"-(-[a-z-]+|[a-z])(=.*)?", word)}
    assert used <= known, shown_commands()[line]


def test_every_metric_of_a_station_and_of_a_hub_has_its_row():
    page = (SERVER / "metrics_page.py").read_text(encoding="utf-8")
    counters = {f"{name}_total" for name in re.findall(r'CounterMetricFamily\(\s*"(\w+)"', page)}
    others = set(re.findall(r'"(rushes_\w+)"', page)) - {name.removesuffix("_total") for name in counters}
    members = inspect.getsource(_fleet_figures())
    fleet = {f"rushes_fleet_{name}" for name in re.findall(r'"(\w+)": ', members)}
    work = {each.name for each in backlog_samples("s", [WorkBacklog("t", 0, 0, 0.0)])}
    assert counters
    assert fleet
    assert work
    told = {row[0].strip("| `"): row for row in rows(METRICS) if "`rushes_" in row[0]}
    assert set(told) == counters | others | fleet | work
    kinds = {"counter", "gauge", "histogram"}
    assert [name for name, row in told.items() if row[1] not in kinds or not row[3]] == []
    assert {name for name, row in told.items() if row[1] == "counter"} == {
        name for name in told if name.endswith("_total")
    }


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_counter_of_a_record_has_its_row(record):
    part = METRICS.split(f"\n`{record.__name__}`")[1].partition("\n`")[0].partition("\n## ")[0]
    told = [name for row in rows(part) for name in re.findall(r"`(\w+)`", row[0]) if row[1]]
    assert sorted(told) == sorted(field.name for field in dataclasses.fields(record))


def _fleet_figures():
    pytest.importorskip("starlette")
    from rushes.server.fleet_member import Member

    return Member.figures


def test_the_extras_that_documents_name_are_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    named = {
        extra
        for document in DOCUMENTS
        for listed in re.findall(r"(?:rushes|'\.)\[([a-z0-9,]+)\]", document.read_text(encoding="utf-8"))
        for extra in listed.split(",")
    }
    assert named
    assert named - {"extra"} <= set(extras)  # "rushes[extra]" stands for any of them
