"""What is kept of costs that are measured at several amounts: curves of figures over an amount."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks._harness import Claim, spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Series:
    """One figure at each amount: the values of all rounds, none where it was not measured."""

    title: str
    unit: str
    rounds: dict[float, list[float]] = field(default_factory=dict)

    def add(self, amount: float, *values: float) -> None:
        self.rounds.setdefault(amount, []).extend(values)

    def median(self, amount: float) -> float | None:
        values = self.rounds.get(amount)
        return statistics.median(values) if values else None

    def over(self, most: float, least: float) -> list[float]:
        """The figure at the one amount by that at the other, of the same round."""
        pairs = zip(self.rounds.get(most, ()), self.rounds.get(least, ()), strict=False)
        return [a / b for a, b in pairs if b]

    def as_record(self, amounts: Sequence[float]) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "values": [self.median(each) for each in amounts],
            "spread": [spread(self.rounds.get(each, ())) for each in amounts],
        }


@dataclass
class Curve:
    """Figures over one amount: ``by`` says of what there is more."""

    id: str
    title: str
    by: str
    series: dict[str, Series]
    labels: Mapping[float, str] = field(default_factory=dict)
    """What an amount is called, where its number says little."""
    facts: dict[str, float | None] = field(default_factory=dict)
    """What follows from the whole curve."""
    notes: tuple[str, ...] = ()

    def at(self, amount: float, values: Mapping[str, float]) -> None:
        """One round at one amount."""
        for name, value in values.items():
            self.series[name].add(amount, value)

    @property
    def amounts(self) -> list[float]:
        return sorted({amount for each in self.series.values() for amount in each.rounds})

    def claim(self, series: str, title: str, target: float | None) -> Claim:
        """The figure at the largest amount by that at the smallest: 1 where a thing costs the same however many."""
        each = self.series[series]
        amounts = sorted(each.rounds)
        least, most = (amounts[0], amounts[-1]) if amounts else (0, 0)
        return Claim(f"growth_{self.id}_{series}", title, "×", each.over(most, least), target)

    def as_record(self) -> dict[str, Any]:
        amounts = self.amounts
        return {
            "id": self.id,
            "title": self.title,
            "by": self.by,
            "amounts": amounts,
            "labels": [self.labels.get(each, _plain(each)) for each in amounts],
            "series": {name: each.as_record(amounts) for name, each in self.series.items()},
            "facts": self.facts,
            "notes": list(self.notes),
        }


def _plain(amount: float) -> str:
    return f"{amount:,.0f}" if amount == int(amount) else f"{amount:g}"


def line(points: Mapping[float, float]) -> tuple[float, float]:
    """What is there from the start, and what each one more takes: the line of Theil and Sen through these points.

    Its slope is the middle one of those between any two points. Least squares were rejected: one point of a machine
    that was nearly full bent the line until nothing was left for the start.
    """
    if len(points) < 2:
        only = next(iter(points.items()), (1.0, 0.0))
        return 0.0, only[1] / only[0]
    pairs = itertools.combinations(points.items(), 2)
    slope = statistics.median((b - a) / (to - begin) for (begin, a), (to, b) in pairs)
    return statistics.median(value - slope * amount for amount, value in points.items()), slope
