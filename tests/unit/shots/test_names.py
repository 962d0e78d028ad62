from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ConfigError, UnknownName
from rushes.shots.names import TEMPLATE, is_folder, name_file, numbered, safe

MOMENT = datetime(2026, 11, 21, 7, 8, 9, 12345)
HOSTILE = [
    "../../evil",
    "a/b",
    "a\\b",
    "100% %Y",
    "{server.name}",
    "{0.__class__}",
    "CON",
    "nul.txt",
    "x\0y\n",
]
HOSTILE += [
    "",
    ".",
    "..",
    "...",
    " ",
    "\u202egpj.exe",
    "\ud800",
    "x" * 500,
    "ж" * 500,
    "%",
    "%%",
    "C:",
    "~",
    "-rf",
]


def named(template: str, channel: str = "Gate") -> tuple[str, ...]:
    return name_file(template, MOMENT, {"channel.name": channel, "server.name": "North"})


def is_tame(part: str) -> bool:
    forbidden = set('/\\<>:"|?*') | {chr(code) for code in range(32)}
    return bool(part) and not forbidden & set(part) and part not in (".", "..") and len(part.encode()) <= 215


def test_the_default_is_channel_and_moment():
    assert named(TEMPLATE) == ("Gate (2026.11.21 07-08-09.012345).jpg",)


def test_fields_and_directives_are_filled():
    assert named("{server.name}-{channel.name} %H%M.png") == ("North-Gate 0708.png",)


def test_separators_of_the_template_make_folders():
    assert named("{channel.name}/%Y-%m-%d/%H.jpg") == ("Gate", "2026-11-21", "07.jpg")
    assert named("%Y\\x.jpg") == ("2026", "x.jpg")


def test_separators_that_strftime_brings_do_not():
    assert len(named("%D.jpg")) == 1


def test_nothing_in_a_value_acts():
    assert named("{channel.name}.jpg", "100% %Y {server.name}") == ("100% %Y {server.name}.jpg",)
    assert named("%{channel.name}.jpg", "Y") == ("%Y.jpg",)


def test_braces_can_be_written():
    assert named("{{%Y}}.jpg") == ("{2026}.jpg",)


@pytest.mark.parametrize("template", ["{channel.name", "}", "{channel.name!r}", "{channel.name:>99}", "{}"])
def test_broken_templates_are_refused(template):
    with pytest.raises(ConfigError):
        named(template)


@pytest.mark.parametrize("template", ["{channel.__class__}", "{channel}", "{os}", "{channel.name.upper}"])
def test_only_listed_fields_exist(template):
    with pytest.raises(UnknownName, match=r"known: 'channel\.name', 'server\.name'"):
        named(template)


@pytest.mark.parametrize("channel", HOSTILE)
def test_a_hostile_channel_gives_one_tame_name(channel):
    (file,) = named(TEMPLATE, channel)
    assert is_tame(file)
    assert file.endswith(".jpg")


@pytest.mark.parametrize("name", [each for each in HOSTILE if "{" not in each])
def test_a_hostile_file_name_stays_below(name):
    assert all(is_tame(part) for part in named(name))


@pytest.mark.parametrize(
    ("given_", "made"),
    [
        ("../../evil", ("evil.jpg",)),
        ("CON.jpg", ("_CON.jpg",)),
        ("con", ("_con.jpg",)),
        ("LPT1.x.png", ("_LPT1.x.png",)),
        ("console.jpg", ("console.jpg",)),
        (".hidden.jpg", ("hidden.jpg",)),
        (".jpg", ("jpg.jpg",)),
        ("", ("_.jpg",)),
        ("%H.%M", ("07.08.jpg",)),
        ("a.PNG", ("a.PNG",)),
        ("a:b?.jpg", ("a_b_.jpg",)),
    ],
)
def test_names_are_cleaned(given_, made):
    assert named(given_) == made


def test_a_long_name_is_cut_between_letters_and_keeps_its_suffix():
    (file,) = named("ж" * 500 + ".png")
    assert len(file.encode()) <= 200
    assert set(file) == set("ж.png")


def test_too_many_folders_are_refused():
    with pytest.raises(ConfigError, match="8 folders"):
        named("a/" * 9 + "b.jpg")


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_channel_name_gets_out(channel):
    (file,) = named(TEMPLATE, channel)
    assert is_tame(file)
    assert file.endswith(".jpg")
    assert is_tame(safe(channel))


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_file_name_gets_out(name):
    try:
        parts = named(name)
    except ConfigError:
        assert "{" in name or "}" in name or name.count("/") + name.count("\\") > 8
        return
    assert all(is_tame(part) for part in parts)


def test_numbers_go_before_the_suffix():
    assert numbered("a.b.jpg", 1) == "a.b.jpg"
    assert numbered("a.b.jpg", 2) == "a.b (2).jpg"
    assert numbered("plain", 3) == "plain (3)"


@pytest.mark.parametrize(
    ("path", "exists", "answer"),
    [
        ("shots", False, True),
        ("shots.d", False, False),
        ("shots.d", True, True),
        ("shots.d/", False, True),
        ("shots.d\\", False, True),
        (r"D:\DSSL\shots", False, True),
        ("a.b/shots", False, True),
        ("a/.hidden", False, True),
        ("a/b.jpg", False, False),
    ],
)
def test_what_counts_as_a_folder(path, exists, answer):
    assert is_folder(path, exists_as_folder=exists) is answer
