from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.codecs.video.redact import redact, redact_text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:s3cret@10.0.0.5:554/h264?ch=1", "rtsp://***@10.0.0.5:554/h264?ch=1"),
        ("rtsp://admin@10.0.0.5/", "rtsp://***@10.0.0.5/"),
        ("rtsp://admin:p@ss/w#rd?x@10.0.0.5/live", "rtsp://***@10.0.0.5/live"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("http://u:p@[::1]:80/a", "http://***@[::1]:80/a"),
        ("http://h/x?user=a&password=b&n=3&token=c#f", "http://h/x?user=***&password=***&n=3&token=***"),
        ("rtsp://h/x?Auth=abc&sig=1", "rtsp://h/x?Auth=***&sig=***"),
        ("/home/a@b/c.mp4", "/home/a@b/c.mp4"),
        ("video.mp4", "video.mp4"),
        ("", ""),
        ("http://h", "http://h"),
        ("http://h/a@b", "http://***@b"),  # too much is hidden rather than too little
    ],
)
def test_redact(url, shown):
    assert redact(url) == shown


@given(st.text(min_size=3), st.text(min_size=3))
def test_a_password_is_never_shown(user, password):
    shown = redact(f"rtsp://{user}:{password}@camera/live")
    assert shown == "rtsp://***@camera/live"


@given(st.text())
def test_nothing_makes_it_fail(text):
    redact(text)
    redact_text(text, text)


def test_text():
    url = "rtsp://admin:s3cret@cam/live"
    text = redact_text(f"could not open '{url}': user admin:s3cret, password s3cret refused", url)
    assert "s3cret" not in text
    assert "rtsp://***@cam/live" in text
