"""The description is true: generated requests get answers that it foresaw."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi import checks as openapi_checks

from rushes.server.openapi import description
from rushes.server.table import TABLE
from tests.unit.server.conftest import LOCAL

# 503 is foreseen, and 500 is not: so the check against all of 5xx is not among them.
CHECKS = [
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(msgspec.json.decode(description()))
OPERATIONS: list[Any] = [each.ok() for each in SCHEMA.get_all_operations()]  # type: ignore[union-attr]


def test_every_route_is_described_and_nothing_else(client):
    document = msgspec.json.decode(description())
    described = {(method.upper(), path) for path, each in document["paths"].items() for method in each}
    assert described == {(each.method, each.path) for each in TABLE}
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))
    assert client.get("/openapi.json").content == description()


def test_every_name_that_is_promised_is_there():
    channel = ("", "/frame.jpg", "/at.jpg", "/spans", "/export.mp4", "/thumbs", "/figures")
    promised = {f"/api/channels/{{channel}}{end}" for end in channel}
    promised |= {f"/api/{name}" for name in ("station", "channels", "shots", "shots/{guid}", "stats", "jobs")}
    promised |= {"/healthz", "/readyz", "/metrics"}
    assert promised <= {each.path for each in TABLE}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_generated_requests_get_answers_that_were_foreseen(client, station, recorded, operation):
    @settings(
        max_examples=6,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case):
        _send(client, case)

    ask()


@pytest.fixture
def recorded(station, tmp_path):
    station.put(1)
    station.record(tmp_path / "archive", start_s=time.time() - 30, count=20)


def _send(client, case):
    """With a channel that there is, every other time."""
    if "channel" in case.path_parameters and len(case.path_parameters["channel"]) % 2:
        case.path_parameters["channel"] = "cam"
    sent = case.as_transport_kwargs(base_url=LOCAL)
    body = {"json": sent["json"]} if "json" in sent else {"content": sent.get("data")}
    answer = client.request(
        sent["method"], sent["url"], params=sent.get("params"), headers=sent.get("headers"), **body
    )
    case.validate_response(answer, checks=CHECKS)
