"""A measured number with its 95 % interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Measured:
    """`n` is the number of things that `value` is the mean of."""

    value: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float]) -> Measured:
    """Mean of independent values, normal interval from their spread; one value has no interval but itself."""
    n = len(values)
    assert n > 0, "nothing to average"
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / max(n - 1, 1)
    half = Z95 * math.sqrt(variance / n)
    return Measured(mean, mean - half, mean + half, n)


def share_interval(values: Sequence[float], units: int) -> Measured:
    """Mean of values in [0, 1] with Wilson's interval, as wide as `units` independent trials make it.

    `units` is smaller than the number of values when several of them belong to one prompt and so say the same thing.
    """
    assert 0 < units <= len(values), "units are groups of values"
    share = math.fsum(values) / len(values)
    shrink = 1 + Z95**2 / units
    middle = (share + Z95**2 / (2 * units)) / shrink
    half = Z95 * math.sqrt(share * (1 - share) / units + Z95**2 / (4 * units**2)) / shrink
    return Measured(share, max(0.0, middle - half), min(1.0, middle + half), len(values))
