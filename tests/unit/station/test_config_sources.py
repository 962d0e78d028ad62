"""A configuration from elsewhere than its file: a command line, a program, the template; and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rushes.errors import ConfigError
from rushes.station.config import given, read
from rushes.station.config_tables import ChannelTable, Config, schema
from rushes.station.config_template import TEMPLATE

CARD = '[[channel]]\nname = "card"\nsource = "testcard:"\n'


@pytest.fixture
def mistakes(tmp_path):
    """The mistakes in a text, as they are said."""

    def mistakes(text, sets=(), variables=None):
        file = tmp_path / "station.toml"
        file.write_text(text)
        found = read(file, sets=sets, variables=variables or {})
        assert (found.config is None) == bool(found.mistakes)
        return [str(each) for each in found.mistakes]

    return mistakes


def test_settings_from_the_command_line_go_first(tmp_path):
    file = tmp_path / "station.toml"
    file.write_text(CARD)
    sets = [
        "channel.card.fps=12.5",
        "channel[0].record=false",
        "station.name=12",
        "shots.pool=3",
        "budget.disk=1 GiB",
    ]
    found = read(file, sets=[*sets, "web.bind=127.0.0.1:1"])
    config = found.checked()
    assert (config.channel[0].fps, config.channel[0].record) == (12.5, False)
    assert (config.station.name, config.shots.pool, config.budget.disk) == ("12", 3, 1 << 30)
    assert ("web", "bind", "127.0.0.1:1", "--set") in found.lines
    assert ("channel.card", "source", "testcard:", "station.toml:3") in found.lines


def test_settings_that_fit_nowhere_are_mistakes(mistakes):
    sets = [
        "nonsense",
        "channel.crad.fps=3",
        "channel.fps=3",
        "web.bnid=x",
        "wbe.bind=y:1",
        "channel[7].fps=3",
    ]
    assert mistakes(CARD, sets) == [
        '--set: \'nonsense\' is no setting: write it like "budget.memory=1 GiB", "channel.front.fps=10" or '
        '"channel[0].fps=10"',
        '--set: \'channel.fps\' is no setting: write it like "budget.memory=1 GiB", "channel.front.fps=10" or '
        '"channel[0].fps=10"',
        "--set: no channel 'crad', did you mean \"card\"?",
        "--set: no channel '[7]'; there are card",
        "--set: unknown table [wbe], did you mean [web]?",
        '--set web: unknown key "bnid", did you mean "bind"?',
    ]


def test_the_same_data_can_come_from_a_program():
    data = {"channel": [{"name": "card", "source": "testcard:", "keep": "2h"}]}
    config = given(data).checked()
    assert config.channel[0].keep == 7200
    assert "keep" in data["channel"][0], "what was given is as it was"
    made = Config(channel=(ChannelTable(name="card", source="testcard:", keep=7200.0),))
    assert given(made).checked() == config
    with pytest.raises(
        ConfigError, match=r'channel\[0\] "x": fps: expected a number above 0, at most 1000, got -1'
    ):
        given({"channel": [{"name": "x", "source": "testcard:", "fps": -1}]}).checked()


def test_the_template_is_right_and_so_is_everything_in_its_comments(tmp_path):
    file = tmp_path / "station.toml"
    file.write_text(TEMPLATE)
    assert read(file).mistakes == ()
    _, _, rest = TEMPLATE.partition("[station]")
    lines = [line.removeprefix("# ") for line in ("[station]" + rest).splitlines()]
    # One of url and bind, as it says; the screen has a rectangle, as nothing else has.
    file.write_text("\n".join(line for line in lines if not line.startswith('bind = "0.0.0.0')))
    found = read(file, variables={"CAM_USER": "u", "CAM_PASS": "p"})
    assert [str(each) for each in found.mistakes] == []
    assert {each.key for each in found.lines if each.where == "default"} <= {
        "slots",
        "bind",
        "when_full",
        "record",
    } | {"record_source", "fps", "keep", "stream", "rect", "track", "retries", "timeout", "workers"}


def test_the_schema_has_every_key_with_what_it_means():
    made = json.loads(json.dumps(schema()))
    channel = made["$defs"]["ChannelTable"]["properties"]
    assert channel["keep"]["type"] == ["string", "number"]
    assert channel["when_full"]["enum"] == ["block", "drop_newest", "drop_oldest", "spill"]
    assert made["$defs"]["ChannelTable"]["required"] == ["name", "source"]
    for table in made["$defs"].values():
        assert table["additionalProperties"] is False
        for key, each in table["properties"].items():
            assert "description" in each or "$ref" in each or key in ("channel", "work"), key


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    from rushes.station.planning import plan_of

    place = tmp_path / "etc"
    place.mkdir()
    file = place / "station.toml"
    file.write_text("[station]\nname = 's'\ndata = 'd'\n[[channel]]\nname = 'a'\nsource = 'file:x.mp4'\n")
    monkeypatch.chdir(tmp_path)
    plan = plan_of(read(file))
    assert (plan.data, plan.channels[0].uri) == (str(place / "d"), f"file:{place / 'x.mp4'}")
    monkeypatch.chdir(place)
    assert Path(plan_of(read(file)).data) == Path("d")
