"""Sources, stores and names for pictures that can never be, found before anybody tries them."""

from __future__ import annotations

import pytest

from rushes.errors import ConfigError
from rushes.station.config import given, read
from rushes.station.config_source import source_mistake, template_mistake


@pytest.mark.parametrize(
    "source",
    [
        "testcard:",
        "testcard:640x480",
        "testcard:@12.5",
        "testcard:16x16384@30",
        "screen:",
        "screen:-10,0,640,480",
        "rtsp://user:p%40ss@camera/stream1",
        "rtsp://[::1]:554/",
        "http://camera.local:8080/live.mjpg?user=a",
        "file:a clip.mp4",
        "depot:ann-card",
        "v4l2:/dev/video0",
        "mine:whatever",
    ],
)
def test_what_may_be_is_let_through(source):
    assert source_mistake(source) == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("testcard:0x0@30", "16 to 16384 pixels"),
        ("testcard:99999x10", "16 to 16384 pixels"),
        ("testcard:640x480@0", "testcard:1280x720@30"),
        ("testcard:axb@-30", "testcard:1280x720@30"),
        ("screen:1,2,3", "screen:x,y,width,height"),
        ("screen:0,0,0,10", "screen:x,y,width,height"),
        ("rtsp://", "rtsp://HOST"),
        ("rtsp://user:secret@camera:99999/x", "up to 65535"),
        ("http://[::1/x", "http://HOST"),
        ("v4l2:", "/dev/video0"),
        ("depot:", "depot:NAME"),
        ("file:", "file:clip.mp4"),
    ],
)
def test_what_can_never_be_is_said_with_how_to_write_it(source, said):
    assert said in source_mistake(source)
    assert "secret" not in source_mistake(source)


def test_names_for_pictures_are_tried():
    assert template_mistake("{channel.name} (%Y.%m.%d).jpg") == ""
    assert "did you mean 'channel.name'" in template_mistake("{channel.nme}.jpg")
    assert "brace" in template_mistake("{channel.name")


def test_a_configuration_tells_all_of_it():
    found = given(
        {
            "channel": [{"name": "card", "source": "testcard:0x0"}],
            "hub": {"url": "nats://hub"},
            "archive": {"cold": "ftp://x"},
            "shots": {"template": "{nobody}"},
        }
    )
    with pytest.raises(ConfigError) as told:
        found.checked()
    said = str(told.value)
    assert "16 to 16384" in said
    assert "nats://HOST:PORT" in said
    assert "s3://BUCKET/FOLDER" in said
    assert "field of a file name" in said


def test_a_mark_at_the_beginning_of_the_file_is_no_mistake(tmp_path):
    file = tmp_path / "station.toml"
    file.write_bytes(b'\xef\xbb\xbf[[channel]]\r\nname = "card"\r\nsource = "testcard:"\r\n')
    assert read(file).checked().channel[0].name == "card"
