"""What the verbs that record have in common."""

from __future__ import annotations

import pytest

from rushes.capture.recorder import Summary
from rushes.cli.recording import check_place, code_of, kind_of
from rushes.errors import ConfigError


def test_a_name_says_the_format_unless_it_was_given():
    assert kind_of("a.MP4", None) == "mp4"
    assert kind_of("folder", None) == "jpeg"
    assert kind_of("a.mp4", "png") == "png"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("stopped", 0),
        ("source ended", 0),
        ("source lost", 3),
        ("disk full", 3),
        ("disk error", 3),
        ("budget", 3),
        ("cancelled", 130),
    ],
)
def test_the_exit_code_tells_a_part_from_the_whole(reason, code):
    assert code_of(Summary(reason=reason, captured=1, written=1, late=0, dropped={}, bytes=1)) == code


def test_a_folder_is_no_place_for_an_mp4_even_to_write_over(tmp_path):
    for overwrite in (False, True):
        with pytest.raises(ConfigError, match="the name of a file"):
            check_place("mp4", str(tmp_path), overwrite=overwrite)
    check_place("jpeg", str(tmp_path), overwrite=False)
