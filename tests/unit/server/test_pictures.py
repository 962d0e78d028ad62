from __future__ import annotations

import time

import pytest

from rushes.codecs import jpeg


def pixels(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return jpeg.decode(answer.content, "bgr24")


def test_the_newest_frame_comes_with_its_number_and_age(client, station):
    station.put(1)
    frame = station.put(7, age_s=1.5, luma=200)
    answer = client.get("/api/channels/cam/frame.jpg")
    assert pixels(answer).shape == (64, 96, 3)
    assert answer.headers["x-frame-number"] == "7"
    assert answer.headers["x-captured-ns"] == str(frame.captured_ns)
    assert float(answer.headers["x-age-ms"]) >= 1500
    assert answer.headers["cache-control"] == "no-store"


def test_a_picture_is_made_smaller_and_never_larger(client, station):
    station.put(1)
    assert pixels(client.get("/api/channels/cam/frame.jpg?w=48")).shape == (32, 48, 3)
    assert pixels(client.get("/api/channels/cam/frame.jpg?w=4000")).shape == (64, 96, 3)


def test_less_quality_is_fewer_bytes(client, station):
    station.put(1)
    small = client.get("/api/channels/cam/frame.jpg?q=10").content
    assert len(small) <= len(client.get("/api/channels/cam/frame.jpg?q=100").content)


def test_figures_found_lately_are_drawn_on_request(client, station):
    frame = station.put(1)
    station.mark(frame)
    plain = pixels(client.get("/api/channels/cam/frame.jpg?q=100"))
    drawn = pixels(client.get("/api/channels/cam/frame.jpg?q=100&figures=1"))
    assert abs(plain.astype(int) - 128).max() < 12
    row, column = drawn[32, 22:28].astype(int), drawn[14:20, 48].astype(int)
    assert (row[:, 2] - row[:, 0]).max() > 40  # red
    assert (column[:, 2] - column[:, 0]).max() > 40


def test_figures_of_long_ago_are_not_those_of_now(client, station):
    station.mark(station.put(1, age_s=60))
    station.put(2)
    assert abs(pixels(client.get("/api/channels/cam/frame.jpg?figures=1")).astype(int) - 128).max() < 12


def test_a_picture_that_is_too_old_is_refused(client, station):
    station.put(1, age_s=5)
    answer = client.get("/api/channels/cam/frame.jpg?max_age=2")
    assert answer.status_code == 503
    assert "old" in answer.json()["error"]
    assert client.get("/api/channels/cam/frame.jpg?max_age=60").status_code == 200


def test_a_channel_without_a_picture_says_why(client, station):
    station.channel(state="lost", why="connection refused")
    answer = client.get("/api/channels/cam/frame.jpg")
    assert answer.status_code == 503
    assert "connection refused" in answer.json()["error"]


@pytest.mark.parametrize(
    "query", ["w=1", "w=x", "q=0", "q=101", "max_age=-1", "figures=maybe", "w=1e9", "max_age=nan"]
)
def test_what_cannot_be_asked_is_refused(client, station, query):
    station.put(1)
    answer = client.get(f"/api/channels/cam/frame.jpg?{query}")
    assert answer.status_code == 400
    assert answer.json()["kind"] == "ConfigError"


@pytest.fixture
def recorded(station, tmp_path):
    """Sixty frames, ten a second, that began a minute ago; the moment of the first."""
    start_s = round(time.time()) - 60.0
    station.record(tmp_path / "archive", start_s=start_s)
    return start_s


def test_any_moment_gives_the_frame_of_then(client, recorded):
    answer = client.get(f"/api/channels/cam/at.jpg?t={recorded + 3.05:.3f}")
    assert answer.headers["x-frame-number"] == "30"
    assert abs(pixels(answer)[..., 0].mean() - 70) < 12
    assert "max-age" in answer.headers["cache-control"]
    iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(recorded + 3))
    assert client.get("/api/channels/cam/at.jpg", params={"t": iso}).headers["x-frame-number"] == "30"


def test_the_key_frame_before_is_given_for_less_work(client, recorded):
    answer = client.get(f"/api/channels/cam/at.jpg?t={recorded + 3.75}&exact=0&w=48")
    assert int(answer.headers["x-frame-number"]) <= 37
    assert pixels(answer).shape == (32, 48, 3)


def test_a_gap_names_the_nearest_moments(client, recorded):
    answer = client.get(f"/api/channels/cam/at.jpg?t={recorded - 100}")
    assert answer.status_code == 404
    told = answer.json()
    assert told["kind"] == "NoSuchMoment"
    assert told["after"] == pytest.approx(recorded, abs=0.01)
    assert told["before"] is None
    assert "before" not in client.get("/api/channels/nobody").json()
    late = client.get(f"/api/channels/cam/at.jpg?t={recorded + 30}").json()
    assert late["before"] == pytest.approx(recorded + 5.9, abs=0.01)


def test_spans_tell_where_recordings_are(client, recorded):
    (span,) = client.get("/api/channels/cam/spans").json()
    assert span["start"] == pytest.approx(recorded, abs=0.01)
    assert span["end"] == pytest.approx(recorded + 5.9, abs=0.01)
    assert client.get(f"/api/channels/cam/spans?from={recorded + 20}&to={recorded + 30}").json() == []
    assert client.get(f"/api/channels/cam/spans?from={recorded + 30}&to={recorded}").status_code == 400


def test_thumbs_are_moments_that_have_pictures(client, recorded):
    moments = client.get(f"/api/channels/cam/thumbs?from={recorded - 50}&to={recorded + 50}&n=4").json()
    assert len(moments) == 4
    for each in moments:
        assert client.get(f"/api/channels/cam/at.jpg?t={each['t']}&exact=0").status_code == 200
    assert client.get(f"/api/channels/cam/thumbs?from={recorded + 20}&to={recorded + 50}").json() == []
    few = client.get(f"/api/channels/cam/thumbs?from={recorded}&to={recorded + 2}&n=100").json()
    assert 1 <= len(few) <= 3


def test_without_an_archive_the_remedy_is_told(client, station):
    answer = client.get("/api/channels/cam/spans")
    assert answer.status_code == 404
    assert "record = true" in answer.json()["remedy"]


def test_an_archive_that_comes_later_is_opened_then(client, station, tmp_path):
    root = tmp_path / "archive"
    station.show(archive=str(root))
    assert client.get("/api/channels/cam/spans").status_code == 503
    station.record(root, start_s=time.time() - 30, count=20)
    assert len(client.get("/api/channels/cam/spans").json()) == 1
    assert client.get("/api/channels/cam/figures?from=0&to=1").status_code == 200


def test_a_channel_that_was_never_recorded_is_unknown_there(client, recorded):
    assert client.get("/api/channels/door/spans").status_code == 404
