from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import rushes
from rushes import errors

LEAVES = {"Box", "Figure", "Frame", "Line", "Polygon", "Text", "native_status"}
LEAVES |= {"ConsumerStats", "Depot", "DepotInfo", "DepotStats", "Lease", "Loan", "PutResult"}
LEAVES |= {"list_depots", "sweep"}
LEAVES |= {"Change", "Handle", "JobQueue", "JobStats", "Priority", "Request", "Retry", "current_job"}
LEAVES |= {"AsyncImageLoader", "ImageLoadPriority", "ImageLoadRequest"}
LEAVES |= {"get_global_loader", "stop_global_loader"}
LEAVES |= {"Shot", "ShotSaver", "status"}
LEAVES |= {"Recorder", "Source", "open_source"}
LEAVES |= {"Archive", "Recording", "Span", "Station"}
LEAVES |= {
    "Streamer",
    "Receiver",
    "Worker",
    "SendResult",
    "StreamStats",
    "Gap",
    "AudioStreamer",
    "AudioReceiver",
}
LEAVES |= {"buffer", "dispfps", "display", "send", "recv", "loadimage"}
LEAVES |= {"TEST_S", "TEST_M", "TEST_L", "IMAG_S", "IMAG_M", "IMAG_L"}


def test_the_public_names_are_these():
    assert sorted(rushes.__all__) == sorted(LEAVES | set(errors.__all__))


@pytest.mark.parametrize("name", sorted(rushes.__all__))
def test_each_can_be_imported_and_is_listed(name):
    assert getattr(rushes, name) is not None
    assert name in dir(rushes)


def test_errors_are_the_same_classes():
    for name in errors.__all__:
        assert getattr(rushes, name) is getattr(errors, name)


def test_no_other_name():
    with pytest.raises(AttributeError, match="no attribute 'Frme'"):
        rushes.Frme  # noqa: B018  # type: ignore[attr-defined]


def test_version_is_the_installed_one(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"version of {name}")
    assert rushes.__version__ == "version of rushes"


@pytest.mark.parametrize(
    "code",
    [
        "import rushes; dir(rushes)",
        "import rushes; rushes.ConfigError; rushes.Box",
        "import rushes.interfaces",
    ],
)
def test_importing_loads_nothing_large(code):
    check = f"import sys; {code}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "rushes" in loaded
    assert not loaded & {"numpy", "zmq", "av", "PIL", "simplejpeg", "asyncio", "difflib", "rushes.depot"}
