from __future__ import annotations

import pytest

from rushes.interfaces import Closable, Source, SourceInfo


class Camera:
    info = SourceInfo(width=64, height=48, fps=25.0, format="bgra")

    def __iter__(self):
        return iter(())

    def stats(self):
        return None

    def close(self):
        return None


class Held:
    def close(self):
        return None


def test_anything_with_the_methods_fits():
    assert isinstance(Camera(), Source)
    assert isinstance(Held(), Closable)
    assert not isinstance(Held(), Source)
    assert not isinstance([], Closable)


def test_info_is_frozen():
    with pytest.raises(AttributeError):
        Camera.info.fps = 3.0  # type: ignore[misc]
