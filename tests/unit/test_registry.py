from __future__ import annotations

import sys
import threading

import pytest

from rushes.errors import ConfigError, MissingExtra, UnknownName
from rushes.registry import Registry


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of modules that can be imported, forgotten again after the test."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_loads_at_first_use_only(place):
    (place / "tool_a.py").write_text("thing = object()\n", encoding="utf-8")
    tools: Registry[object] = Registry("tool", {"a": "tool_a:thing", "b": "nowhere_at_all:thing"})
    assert "tool_a" not in sys.modules
    assert (list(tools), len(tools), "a" in tools, "c" in tools) == (["a", "b"], 2, True, False)
    assert tools.get("a") is sys.modules["tool_a"].thing
    assert tools.get("a") is tools.get("a")


def test_unknown_name_suggests():
    tools: Registry[object] = Registry("tool", {"hammer": "m:a", "saw": "m:b"})
    with pytest.raises(UnknownName, match=r"no tool named 'hamer' .did you mean 'hammer'"):
        tools.get("hamer")


def test_a_missing_package_names_its_extra(place):
    (place / "tool_b.py").write_text("import not_installed_here.inner\n", encoding="utf-8")
    tools: Registry[object] = Registry(
        "tool", {"b": "tool_b:thing", "c": "tool_b:thing"}, extras={"b": "video"}
    )
    with pytest.raises(MissingExtra, match=r"pip install 'rushes\[video\]'") as caught:
        tools.get("b")
    assert (caught.value.extra, caught.value.name) == ("video", "not_installed_here")
    with pytest.raises(ModuleNotFoundError) as plain:
        tools.get("c")
    assert not isinstance(plain.value, MissingExtra)


def test_a_slip_of_our_own_is_no_missing_extra():
    tools: Registry[object] = Registry("tool", {"x": "rushes.no_such_module:thing"}, extras={"x": "video"})
    with pytest.raises(ModuleNotFoundError) as caught:
        tools.get("x")
    assert not isinstance(caught.value, MissingExtra)


def test_register():
    tools: Registry[type] = Registry("tool", {})
    tools.register("number", "decimal:Decimal", extra="maths")
    assert tools.get("number").__name__ == "Decimal"
    with pytest.raises(ConfigError, match="already a tool named 'number'"):
        tools.register("number", "fractions:Fraction")
    for target in ("", "decimal", ":Decimal", "decimal:"):
        with pytest.raises(ConfigError, match="module:attribute"):
            tools.register("other", target)
    with pytest.raises(UnknownName):
        Registry("tool", {"a": "m:a"}, extras={"b": "video"})


def test_a_module_may_use_the_registry_while_it_loads(place):
    (place / "tool_c.py").write_text("thing = 1\n", encoding="utf-8")
    (place / "tool_d.py").write_text("import holder\nthing = holder.tools.get('c') + 1\n", encoding="utf-8")
    (place / "holder.py").write_text("tools = None\n", encoding="utf-8")
    import holder  # type: ignore[import-not-found]

    holder.tools = Registry("tool", {"c": "tool_c:thing", "d": "tool_d:thing"})
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(holder.tools.get("d")), daemon=True)
    thread.start()
    thread.join(20)
    assert got == [2]
