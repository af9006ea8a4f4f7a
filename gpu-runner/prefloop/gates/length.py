"""Length of sampled answers against the base's on the same prompts: a taste for brevity must not end in silence."""

import math
from collections.abc import Sequence

from prefloop.contracts import Gate
from prefloop.gates.interval import Z95, Measured
from prefloop.gates.verdict import verdict


def measure_length(lengths: Sequence[int], base_lengths: Sequence[int]) -> Measured | None:
    """Mean answer length over the base's mean, in tokens; interval by the delta method on its logarithm."""
    if not lengths or not base_lengths:
        return None
    mean, spread = _mean_and_spread(lengths)
    base_mean, base_spread = _mean_and_spread(base_lengths)
    ratio = mean / base_mean
    half = Z95 * math.sqrt(spread / mean**2 + base_spread / base_mean**2)
    return Measured(ratio, ratio * math.exp(-half), ratio * math.exp(half), len(lengths))


def _mean_and_spread(lengths: Sequence[int]) -> tuple[float, float]:
    """Mean and its squared standard error. An answer has at least its end token, so no mean is zero."""
    n = len(lengths)
    mean = sum(lengths) / n
    return mean, sum((length - mean) ** 2 for length in lengths) / max(n - 1, 1) / n


def check_length(measured: Measured | None, bound: float | None) -> Gate:
    """Holds when the ratio lies between 1/bound and bound."""
    broken = None
    if measured is not None and bound is not None and not 1 / bound <= measured.value <= bound:
        broken = f"answers are {measured.value:.2f} times as long as the base's, {1 / bound:.2f} to {bound:g} is allowed"
    return verdict("length", measured, bound, broken, "no answer could be sampled")
