"""``record = "copy"``: what may be recorded as it is coded, and how the rest is told."""

from __future__ import annotations

import pytest

from rushes.errors import ConfigError
from rushes.station.config import given, read
from rushes.station.planning import plan_of

MAIN = "rtsp://ann:s3cret@cam/main"


def channel(**more):
    return {"channel": [{"name": "front", "source": "rtsp://cam/small", **more}]}


def mistake(reading):
    with pytest.raises(ConfigError) as told:
        reading.checked()
    assert "s3cret" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("more", "record", "copied"),
    [
        ({}, True, None),
        ({"record": True}, True, None),
        ({"record": False}, False, None),
        ({"record": "copy"}, True, "rtsp://cam/small"),
        ({"record": "copy", "record_source": MAIN}, True, MAIN),
        ({"record": "copy", "record_source": "mine:camera"}, None, None),
    ],
)
def test_from_where_a_channel_is_recorded(more, record, copied):
    found = given(channel(**more))
    if record is None:
        assert 'no kind of source "mine"' in mistake(found)
        return
    (plan,) = plan_of(found).channels
    assert (plan.record, plan.copy_from) == (record, copied)
    assert plan.uri == "rtsp://cam/small"


def test_a_copied_channel_alone_is_reason_enough_for_an_archive(tmp_path):
    plan = plan_of(given({**channel(record="copy", keep=60), "station": {"data": str(tmp_path)}}))
    assert plan.archive is not None
    assert plan.archive.keep_s == {"front": 60}


def test_paths_are_of_the_files_folder(tmp_path):
    file = tmp_path / "a" / "station.toml"
    file.parent.mkdir()
    file.write_text('[[channel]]\nname = "a"\nsource = "file:walk.mp4"\nrecord = "copy"\n')
    (plan,) = plan_of(read(file)).channels
    assert plan.copy_from == plan.uri == f"file:{file.parent / 'walk.mp4'}"


@pytest.mark.parametrize("source", ["testcard:", "screen:", "depot:other", "v4l2:/dev/video0", "file:a.PNG"])
def test_what_has_no_coding_cannot_be_copied(source):
    said = mistake(
        given(channel(record="copy") | {"channel": [{"name": "x", "source": source, "record": "copy"}]})
    )
    assert said.startswith('channel[0] "x": record: ')
    assert said.endswith("so there is no coding to copy; write record = true")
    said = mistake(given(channel(record="copy", record_source=source)))
    assert said.startswith('channel[0] "front": record_source: ')


def test_a_folder_of_pictures_cannot_be_copied_wherever_the_file_lies(tmp_path):
    (tmp_path / "walk.mp4").mkdir()  # its name does not tell
    file = tmp_path / "station.toml"
    file.write_text('[[channel]]\nname = "a"\nsource = "file:walk.mp4"\nrecord = "copy"\n')
    assert mistake(read(file)) == (
        'station.toml:4 channel[0] "a": record: it is played picture by picture, so there is no coding to copy; '
        "write record = true"
    )


@pytest.mark.parametrize("record", [True, False])
def test_an_address_to_copy_from_is_for_copying_alone(record):
    said = mistake(given(channel(record=record, record_source=MAIN)))
    assert said == (
        'channel[0] "front": record_source: it is for record = "copy" alone; write that, or leave record_source out'
    )


def test_an_address_that_can_never_be_is_a_mistake_of_its_own():
    said = mistake(given(channel(record="copy", record_source="rtsp://")))
    assert said.startswith('channel[0] "front": record_source: write rtsp://HOST/PATH')


def test_another_word_is_told_what_is_expected():
    assert mistake(given(channel(record="copi"))) == (
        'channel[0] "front": record: expected true, false or "copy", got "copi"'
    )


def test_a_depot_that_waits_needs_somebody_who_reads_it():
    said = mistake(given(channel(record="copy", when_full="block")))
    assert "record: " not in said
    assert "have it recorded by record = true or worked on" in said
    assert (
        given(
            channel(record="copy", when_full="block")
            | {"work": [{"name": "w", "channel": "front", "call": "a:b"}]}
        ).config
        is not None
    )


def test_no_password_of_the_second_address_is_shown(tmp_path):
    file = tmp_path / "station.toml"
    text = '[[channel]]\nname = "a"\nsource = "rtsp://cam/x"\nrecord = "copy"\nrecord_source = "rtsp://${U}:${CAM_PASS}@cam/y"\n'
    file.write_text(text)
    found = read(file, variables={"U": "ann", "CAM_PASS": "s3cret"})
    assert found.checked().channel[0].record_source == "rtsp://ann:s3cret@cam/y"
    shown = [each.value for each in found.lines if each.key == "record_source"]
    assert shown == ["rtsp://***@cam/y"]
    assert "s3cret" not in repr(plan_of(found).lines)
