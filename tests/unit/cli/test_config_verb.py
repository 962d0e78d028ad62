from __future__ import annotations

import json

import pytest

from rushes.cli import main
from rushes.station.config_template import TEMPLATE

CARD = "[[channel]]\nname = 'a'\nsource = 'testcard:'\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_init_writes_a_file_that_is_right_and_never_over_another(here, capsys):
    assert main(["config", "init"]) == 0
    assert (here / "station.toml").read_text() == TEMPLATE
    assert main(["config", "check"]) == 0
    said = capsys.readouterr().out
    assert "station.toml is right" in said
    assert "testcard:1280x720@30" in said
    (here / "station.toml").write_text("mine")
    assert main(["config", "init"]) == 2
    assert "station.toml is there already" in capsys.readouterr().err
    assert (here / "station.toml").read_text() == "mine"
    assert main(["config", "init", "other.toml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"written": "other.toml"}


def test_check_tells_all_mistakes_and_ends_with_two(here, capsys):
    (here / "bad.toml").write_text("[web]\nbnid = 1\n[budget]\ndisk = 'x'\n")
    assert main(["config", "check", "bad.toml"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        'error: bad.toml:2 web: unknown key "bnid", did you mean "bind"?',
        'error: bad.toml:4 budget: disk: expected a size like "512 MiB", got "x"',
    ]
    assert captured.out == ""


def test_check_as_data_has_the_settings_with_their_places(here, capsys):
    (here / "a.toml").write_text("[[channel]]\nname = 'a'\nsource = 'rtsp://u:secret@x'\n[web]\nbind = '1'\n")
    assert main(["config", "check", "a.toml", "--set", "channel.a.fps=5", "--json"]) == 2
    text = capsys.readouterr().out
    found = json.loads(text)
    assert "secret" not in text
    assert not found["ok"]
    assert found["mistakes"][0]["where"] == "a.toml:5"
    assert found["mistakes"][0]["message"].startswith("a.toml:5 web: bind:")
    assert {"section": "channel.a", "key": "fps", "value": "5", "where": "--set"} in found["settings"]


def test_a_file_that_is_not_there_or_no_toml_is_told(here, capsys):
    assert main(["config", "check", "none.toml"]) == 2
    assert "rushes config init" in capsys.readouterr().err
    (here / "x.toml").write_text("a = [")
    assert main(["config", "check", "x.toml"]) == 2
    assert "x.toml" in capsys.readouterr().err


def test_the_schema_is_one_document(capsys):
    assert main(["config", "schema"]) == 0
    assert "StationTable" in json.loads(capsys.readouterr().out)["$defs"]


def test_a_page_open_to_others_without_a_token_is_a_mistake_here(here, capsys):
    (here / "station.toml").write_text(f"{CARD}[web]\nbind = '0.0.0.0:8787'\n[station]\ndata = 'there'\n")
    assert main(["config", "check"]) == 2
    told = "station.toml:5 web: bind: 0.0.0.0:8787 is open to other machines, so it needs a token: "
    assert capsys.readouterr().err == f"error: {told}rushes token add NAME --data there\n"
    assert main(["token", "add", "phone", "--data", "there"]) == 0
    assert main(["config", "check"]) == 0
    (here / "station.toml").write_text(f"{CARD}[web]\nbind = 'off'\n")
    assert main(["config", "check"]) == 0
