from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rushes.figures
from rushes.errors import ConfigError, UnknownName
from rushes.figures import Box, Figure, Line, Polygon, Text, from_plain, to_plain

fraction = st.floats(0, 1)
half = st.floats(0, 0.5)
style = st.fixed_dictionaries(
    {"label": st.text(max_size=5), "color": st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True)}
)


def points(least: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    return st.lists(st.tuples(fraction, fraction), min_size=least, max_size=5)


figures = st.one_of(
    st.builds(lambda x, y, w, h, s: Box(x, y, w, h, **s), half, half, half, half, style),
    st.builds(lambda p, s: Line(p, **s), points(2), style),
    st.builds(lambda p, s: Polygon(p, **s), points(3), style),
    st.builds(lambda x, y, t, s: Text(x, y, t, **s), fraction, fraction, st.text(max_size=9), style),
)


@given(figures)
def test_plain_and_back_through_json_and_pickle(figure: Figure):
    assert from_plain(json.loads(json.dumps(to_plain(figure)))) == figure
    assert pickle.loads(pickle.dumps(figure)) == figure
    assert hash(figure) == hash(from_plain(to_plain(figure)))


def test_plain_form():
    assert to_plain(Box(0, 0.25, 0.5, 0.75)) == {
        "kind": "box",
        "x": 0.0,
        "y": 0.25,
        "w": 0.5,
        "h": 0.75,
        "label": "",
        "color": "#00ff00",
    }
    assert to_plain(Line([(0, 0), (1, 1)], label="l", color="#123abc")) == {
        "kind": "line",
        "points": [[0.0, 0.0], [1.0, 1.0]],
        "label": "l",
        "color": "#123abc",
    }


def test_numbers_of_numpy_become_plain():
    box = Box(*np.array([0.1, 0.2, 0.3, 0.4]))
    assert type(box.x) is float
    assert json.dumps(to_plain(Polygon([tuple(each) for each in np.eye(3)[:, :2]])))


def test_the_far_edge_is_in_the_picture():
    assert Box(0.7, 0.1, 0.3, 0.9).w == 0.3
    assert Text(1, 1, "").x == 1.0


ANY: Any = rushes.figures  # the type checker refuses these too


@pytest.mark.parametrize(
    "make",
    [
        lambda: ANY.Box(-0.1, 0, 1, 1),
        lambda: ANY.Box(0, 0, 640, 480),
        lambda: ANY.Box(0.5, 0, 0.6, 1),
        lambda: ANY.Box(float("nan"), 0, 1, 1),
        lambda: ANY.Box("0", 0, 1, 1),
        lambda: ANY.Box(True, 0, 0.1, 1),
        lambda: ANY.Box(0, 0, 1, 1, color="red"),
        lambda: ANY.Box(0, 0, 1, 1, color="#12345"),
        lambda: ANY.Box(0, 0, 1, 1, color="#123456\n"),
        lambda: ANY.Box(0, 0, 1, 1, label=3),
        lambda: ANY.Text(0, 0, 5),
        lambda: ANY.Line([(0, 0)]),
        lambda: ANY.Line([(0, 0), (1, 1, 1)]),
        lambda: ANY.Line([0, 1]),
        lambda: ANY.Line(5),
        lambda: ANY.Polygon([(0, 0), (1, 1)]),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_once(make):
    with pytest.raises(ConfigError):
        make()


@pytest.mark.parametrize("plain", [{"kind": "circle"}, {"kind": None}, {"kind": ["box"]}, {}])
def test_unknown_kind(plain):
    with pytest.raises(UnknownName) as caught:
        from_plain(plain)
    assert caught.value.known == ("box", "line", "polygon", "text")


def test_unknown_missing_and_wrong_fields():
    with pytest.raises(UnknownName, match=r"colour.*did you mean 'color'"):
        from_plain({"kind": "text", "x": 0, "y": 0, "text": "", "colour": "#ffffff"})
    with pytest.raises(ConfigError, match="box lacks w, h"):
        from_plain({"kind": "box", "x": 0, "y": 0})
    with pytest.raises(ConfigError, match="mapping"):
        from_plain([1])  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        from_plain({"kind": "box", "x": {}, "y": 0, "w": 1, "h": 1})


def test_only_figures_have_a_plain_form():
    with pytest.raises(ConfigError, match="one of box, line, polygon, text"):
        to_plain("box")  # type: ignore[arg-type]
