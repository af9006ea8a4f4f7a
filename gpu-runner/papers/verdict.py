"""From the evidence of every seed to a verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["reproduced", "contradicted", "inconclusive", "not testable here"]

# Two-sided 95 % points of Student's t, by degrees of freedom.
_T = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
)


@dataclass(frozen=True)
class Interval:
    """Mean of n seeds with its 95 % interval (Student's t)."""

    value: float
    low: float
    high: float
    n: int


def paired_interval(values: Sequence[float]) -> Interval:
    """Raises ValueError for fewer than two seeds: one has no spread."""
    n = len(values)
    if n < 2:
        raise ValueError("an interval needs at least two seeds")
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = _T[min(n - 2, len(_T) - 1)] * spread / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def decide(interval: Interval) -> Verdict:
    """reproduced: the interval lies above zero; contradicted: below; inconclusive: zero is in it."""
    if interval.low > 0:
        return "reproduced"
    return "contradicted" if interval.high < 0 else "inconclusive"
