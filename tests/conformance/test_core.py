"""Both cores keep the same contract."""

from __future__ import annotations

import importlib.util

import pytest

from rushes._native import layout
from rushes.testing.depot_core import CoreContract

COMPILED = "rushes._native._core"


class TestPure(CoreContract):
    core_module = "rushes._native.pure"
    core_kind = layout.CORE_PURE


@pytest.mark.skipif(
    importlib.util.find_spec(COMPILED) is None, reason="the compiled core is not built: scripts/up builds it"
)
class TestCompiled(CoreContract):
    core_module = COMPILED
    core_kind = layout.CORE_NATIVE
