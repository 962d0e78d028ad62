from __future__ import annotations

import pytest

from rushes import ConfigError, Retry


def test_waits_grow_up_to_the_cap_with_full_jitter() -> None:
    retry = Retry(base_s=0.1, cap_s=0.5)
    assert [retry.delay_s(attempt, 1.0) for attempt in (1, 2, 3, 4, 99)] == [0.1, 0.2, 0.4, 0.5, 0.5]
    assert retry.delay_s(3, 0.0) == 0
    assert retry.delay_s(3, 0.5) == 0.2


def test_kinds_of_errors_or_a_function_choose() -> None:
    assert Retry(on=(OSError,)).wants(TimeoutError())
    assert not Retry(on=(OSError,)).wants(ValueError())
    assert Retry(on=lambda error: "again" in str(error)).wants(ValueError("again"))


@pytest.mark.parametrize("wrong", [{"max_tries": 0}, {"base_s": -1}, {"base_s": 2, "cap_s": 1}])
def test_figures_without_meaning_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Retry(**wrong)  # type: ignore[arg-type]
