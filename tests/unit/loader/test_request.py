"""Which texture a request belongs to, and which priorities there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes import ConfigError, ImageLoadPriority, ImageLoadRequest
from rushes.loader.request import belongs, family, tier

NAMES = st.text(alphabet="ab1_", max_size=6)


def test_priorities_are_the_documented_ones():
    assert {each.name: each.value for each in ImageLoadPriority} == {"HIGH": 1, "NORMAL": 2, "LOW": 3}


def test_a_request_has_the_documented_fields_in_their_order():
    def load():
        return None

    request = ImageLoadRequest("t_1", load, print, ImageLoadPriority.HIGH, (0, 1, 2, 3))
    assert (request.id, request.loader_func, request.callback) == ("t_1", load, print)
    assert (request.priority, request.bounds, request.cache_key) == (
        ImageLoadPriority.HIGH,
        (0, 1, 2, 3),
        None,
    )
    assert ImageLoadRequest("t_1", load, print).priority is ImageLoadPriority.NORMAL


@pytest.mark.parametrize(
    ("request_id", "texture", "answer"),
    [
        ("1", "1", True),
        ("1_5", "1", True),
        ("10", "1", False),
        ("21_5", "1", False),
        ("10_1", "1", False),
        ("a_b_c", "a_b", True),
        ("a_bc", "a_b", False),
        ("a", "a_b", False),
        ("map", "", False),
    ],
)
def test_a_texture_owns_its_id_and_what_begins_with_it_and_an_underscore(request_id, texture, answer):
    assert belongs(request_id, texture) is answer


@given(NAMES, NAMES)
def test_what_belongs_is_of_the_same_family(request_id, texture):
    # Only a family is looked through when a texture cancels.
    if belongs(request_id, texture):
        assert family(request_id) == family(texture)


@given(NAMES, NAMES)
def test_a_texture_without_underscore_owns_its_whole_family(request_id, texture):
    if family(texture) == texture:
        assert belongs(request_id, texture) == (family(request_id) == texture)


@pytest.mark.parametrize("priority", list(ImageLoadPriority))
def test_the_queue_s_priority_is_the_one_of_equal_value(priority):
    assert tier(priority) == priority.value


@pytest.mark.parametrize("priority", ["high", 0, 4, None, []])
def test_what_is_no_priority_is_refused(priority):
    with pytest.raises(ConfigError, match="give a member of ImageLoadPriority"):
        tier(priority)
