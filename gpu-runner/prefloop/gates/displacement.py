"""Displacement: how far the log-probability of chosen answers fell below the base's (the alarm of 3D-Properties).

DPO can widen its margin while both sides fall (arXiv 2406.07327); the margin alone does not show it.
"""

from collections.abc import Sequence

from prefloop.contracts import Gate
from prefloop.gates.interval import Measured, mean_interval
from prefloop.gates.scored import Scored
from prefloop.gates.verdict import verdict


def measure_displacement(scored: Sequence[Scored]) -> Measured | None:
    """Mean over chosen answers of (log π_ref(y|x) - log π(y|x)) / |y|, nats per token; positive = fell."""
    falls = []
    for row in scored:
        sides = {pair.chosen if pair.p > 0.5 else pair.rejected for pair in row.pairs if pair.p != 0.5}
        falls += [-row.rewards[chosen] / row.lengths[chosen] for chosen in sorted(sides)]
    return mean_interval(falls) if falls else None


def check_displacement(scored: Sequence[Scored], bound: float | None) -> Gate:
    """Holds when chosen answers fell by at most `bound` nats per token."""
    measured = measure_displacement(scored)
    broken = None
    if measured is not None and bound is not None and measured.value > bound:
        broken = f"chosen answers fell by {measured.value:.3f} nats per token, at most {bound:g} is allowed"
    return verdict("displacement", measured, bound, broken, "no chosen answer to look at")
