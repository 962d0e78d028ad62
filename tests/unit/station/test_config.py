"""A configuration: right, and wrong in every way at once."""

from __future__ import annotations

import pytest

from rushes.errors import ConfigError
from rushes.station.config import read

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


def test_sizes_and_durations_are_numbers_and_all_else_has_its_usual_value(tmp_path):
    file = tmp_path / "attic.toml"
    file.write_text(
        '[budget]\nmemory = "1 GiB"\n[[channel]]\nname = "a"\nsource = "screen:"\nrect = [1, 2, 30, 40]\n'
        'keep = "14d"\nfps = 5\n[archive]\nmax_age = "30d"\nmin_free = 0\n[[work]]\nname = "w"\nchannel = "a"\n'
        'call = "pkg.mod:fn"\ntimeout = "40ms"\n'
    )
    config = read(file).checked()
    assert config.budget.memory == 1 << 30
    assert config.budget.disk == 2 << 30
    (channel,), (work,) = config.channel, config.work
    assert (channel.keep, channel.fps, channel.rect, channel.record) == (14 * 86400, 5, (1, 2, 30, 40), True)
    assert (work.timeout, work.retries) == (0.04, 1)
    assert (config.archive.max_age, config.archive.min_free) == (30 * 86400, 0)
    assert config.web.bind == "127.0.0.1:8787"


def test_all_mistakes_are_told_at_once_each_with_its_line(mistakes):
    text = """
[station]
name = "front door"

[[channel]]
name = "front"
source = "rtsp://camera/1"

[[channel]]
name = "desk"
source = "scren:"
fps = "abc"
fsp = 3
rect = [1, 2, 3]
keep = "14"

[[chanel]]
name = "x"

[web]
bind = "8787"

[[work]]
name = "w"
channel = "fornt"
call = "nothing"
workers = 0
"""
    assert mistakes(text) == [
        "station.toml:3 station: name: expected a name of letters, digits, dots, dashes and underscores, "
        'got "front door"',
        'station.toml:11 channel[1] "desk": source: there is no kind of source "scren", did you mean "screen:"?',
        'station.toml:12 channel[1] "desk": fps: expected a number above 0, at most 1000, got "abc"',
        'station.toml:13 channel[1] "desk": unknown key "fsp", did you mean "fps"?',
        'station.toml:14 channel[1] "desk": rect: expected [x, y, width, height] in pixels, four whole numbers, '
        "got [1, 2, 3]",
        'station.toml:15 channel[1] "desk": keep: expected a duration like "40ms", "2s" or "14d", got "14"',
        "station.toml:17: unknown table [chanel], did you mean [channel]?",
        'station.toml:21 web: bind: write HOST:PORT, like "127.0.0.1:8787", or "off"',
        'station.toml:25 work[0] "w": channel: no channel is called "fornt", did you mean "front"?',
        'station.toml:26 work[0] "w": call: expected a function like "package.module:function", got "nothing"',
        'station.toml:27 work[0] "w": workers: expected a whole number from 1 to 1000, got 0',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[channel]\nname = "a"\n',
            "station.toml:1 channel: write [[channel]], in double brackets, for each channel",
        ),
        ("[[budget]]\n", "station.toml:1 budget: write [budget], once, in single brackets"),
        ("memroy = 3\n", 'station.toml:1: unknown key "memroy" outside of all tables'),
        ("[budget]\nmemory = -5\n", 'station.toml:2 budget: memory: expected a size like "512 MiB", got -5'),
        ("[budget]\nmemory = 0\n", 'station.toml:2 budget: memory: expected a size like "512 MiB", got 0'),
        (
            '[station]\nname = ""\n',
            "station.toml:2 station: name: expected a name of letters, digits, dots, dashes",
        ),
        ("[station]\ndata = 3\n", "station.toml:2 station: data: expected text that is not empty, got 3"),
        (
            '[hub]\nurl = "nats://a:1"\nbind = "b:1"\n',
            "station.toml:3 hub: bind: a station joins a hub (url) or",
        ),
        ('[hub]\nurl = "http://a"\n', "station.toml:2 hub: url: write nats://HOST:PORT"),
        ('[web]\nbind = "a:99999"\n', 'station.toml:2 web: bind: write HOST:PORT, like "127.0.0.1:8787"'),
        (
            "[[channel]]\nname = 'a'\n",
            'station.toml:1 channel[0] "a": it has no "source": Where its frames come from',
        ),
        (
            CARD + "record = 'yes'\n",
            'station.toml:4 channel[0] "card": record: expected true, false or "copy", got "yes"',
        ),
        (
            CARD + "fps = 0\n",
            'station.toml:4 channel[0] "card": fps: expected a number above 0, at most 1000, got 0',
        ),
        (
            CARD + "fps = nan\n",
            'station.toml:4 channel[0] "card": fps: expected a number above 0, at most 1000, got NaN',
        ),
        (CARD + "slots = 1\n", "slots: expected a whole number from 2 to 4096, got 1"),
        (CARD + "slots = 4097\n", "slots: expected a whole number from 2 to 4096, got 4097"),
        (CARD + "fps = 2000\n", "fps: expected a number above 0, at most 1000, got 2000"),
        ("[shots]\ntries = 1001\n", "tries: expected a whole number from 1 to 1000, got 1001"),
        (
            '[hub]\nbind = "0.0.0.0:4222"\n',
            "station.toml:2 hub: bind: it is open to other machines, so it needs keys",
        ),
        ('[hub]\nbind = "127.0.0.1:0"\n', "others have to know the port"),
        (
            CARD + "when_full = 'wait'\n",
            'when_full: expected "drop_oldest", "drop_newest", "block" or "spill"',
        ),
        (CARD + "record = false\nwhen_full = 'block'\n", 'when_full: "block" waits for somebody'),
        (
            CARD + "record = false\nkeep = '1d'\n",
            'station.toml:5 channel[0] "card": keep: it is not recorded',
        ),
        (CARD + "keep = '2d'\n[archive]\nmax_age = '1d'\n", "keep: archive.max_age is less, 1d"),
        (CARD + "rect = [0, 0, 4, 4]\n", 'rect: it is for a source "screen:" alone'),
        (CARD + "stream = 'udp://x'\n", "stream: write tcp://HOST:PORT, ipc://NAME, or nats"),
        (CARD + CARD, 'station.toml:5 channel[1] "card": name: channel[0] is called "card" already'),
        (
            "[budget]\nmemory = '10 MB'\n" + CARD,
            "station.toml:2 budget: memory: the depots of all channels take 21.09 MiB, more than 9.537 MiB",
        ),
        ("[[channel]]\nname='a'\nsource='walk.mp4'\n", 'source: it needs a kind, like "file:" or "rtsp:"'),
    ],
)
def test_each_mistake_has_its_place_and_its_remedy(mistakes, text, said):
    (found,) = mistakes(text)
    assert said in found


def test_an_unknown_size_is_guessed_for_a_warning(tmp_path):
    file = tmp_path / "station.toml"
    file.write_text("[budget]\nmemory = '10 MB'\n[[channel]]\nname = 'a'\nsource = 'rtsp://x'\n")
    found = read(file)
    assert not found.mistakes
    (warning,) = found.warnings
    assert "with 1920x1080 where sizes are not known yet" in str(warning)


def test_what_is_no_toml_is_told_with_its_line(tmp_path):
    file = tmp_path / "station.toml"
    file.write_text("[web]\nbind = = 3\n")
    with pytest.raises(ConfigError, match=r"^station.toml:2: this is no TOML: ") as caught:
        read(file)
    assert caught.value.where == "station.toml:2"
    with pytest.raises(ConfigError, match="rushes config init"):
        read(tmp_path / "none.toml")
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        read(file)


def test_lines_are_found_across_strings_arrays_and_comments(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(
        '# [[channel]]\n[[channel]]\nname = "a"\nsource = """\\\n  testcard:\\\n  """\nrect = [ # one\n 1,\n 2 ]\n'
        '[shots]\ntemplate = "[web]"\npool = 0\n'
    )
    found = [str(each) for each in read(file).mistakes]
    assert found[0].startswith('s.toml:7 channel[0] "a": rect: expected')
    assert found[1].startswith("s.toml:12 shots: pool:")


@pytest.mark.parametrize("sign", ["\u2028", "\x85"])
def test_a_line_ends_where_it_does_for_toml_and_editors(tmp_path, sign):
    file = tmp_path / "s.toml"
    file.write_text(f'# a{sign}b\n[[channel]]\nname = "a{sign}b"\nsource = "screen:"\n[shots]\npool = 0\n')
    found = [str(each) for each in read(file).mistakes]
    assert found[0].startswith("s.toml:3 channel[0]")
    assert found[1].startswith("s.toml:6 shots: pool:")


def test_variables_are_filled_in_and_never_shown(tmp_path):
    file = tmp_path / "station.toml"
    file.write_text(
        "[[channel]]\nname = '${WHERE}'\nsource = 'rtsp://${CAM_USER}:${CAM_PASS}@cam/1?token=abc'\n"
        "[shots]\nfolder = '$${WHERE}${API_KEY}'\n"
    )
    variables = {"WHERE": "hall", "CAM_USER": "joe", "CAM_PASS": "s3cret", "API_KEY": "k3y"}
    found = read(file, variables=variables)
    config = found.checked()
    assert config.channel[0].source == "rtsp://joe:s3cret@cam/1?token=abc"
    assert config.channel[0].name == "hall"
    assert config.shots.folder == "${WHERE}k3y"
    shown = {(each.section, each.key): (each.value, each.where) for each in found.lines}
    assert shown["channel.hall", "source"] == ("rtsp://***@cam/1?token=***", "station.toml:3")
    assert shown["channel.hall", "name"] == ("hall", "station.toml:2")
    assert shown["shots", "folder"] == ("${WHERE}***", "station.toml:5")
    assert not any(secret in str(found.lines) for secret in ("s3cret", "joe", "k3y", "abc"))


def test_a_variable_that_is_not_there_is_named(mistakes):
    text = "[[channel]]\nname = 'a'\nsource = 'rtsp://u:${CAM_PASS}@x/${not a name}'\n"
    first, second = mistakes(text)
    assert "station.toml:3" in first
    assert "the environment has no variable CAM_PASS" in first
    assert "names no variable" in second


def test_a_password_is_not_in_a_mistake_either(mistakes):
    text = "[[channel]]\nname = 'a'\nsource = 'rtsp://u:pw@x'\nstream = 'http://u:hunter2@x'\nfps = 'http://u:pw@x'\n"
    found = mistakes(text)
    assert len(found) == 2
    assert "hunter2" not in str(found)
    assert 'got "http://***@x"' in str(found)
