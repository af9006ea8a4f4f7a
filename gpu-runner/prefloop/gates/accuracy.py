"""Held-out preference accuracy: how often the adapter's implicit reward agrees with the person.

margin = (log π(y_w|x) - log π(y_l|x)) - (log π_ref(y_w|x) - log π_ref(y_l|x)); agreement = [margin > 0], a tie counts ½.
A preference with several pairs (a ranking) counts once, as the weighted mean over its pairs; pairs that say "tie"
(p = ½) have no side to agree with and are left out.
"""

from collections.abc import Sequence

from prefloop.contracts import Gate
from prefloop.gates.interval import Measured, share_interval
from prefloop.gates.scored import Scored
from prefloop.gates.verdict import verdict

# A cached reference differs from a computed one by up to 1e-5 a text: nearer than this, neither side is ahead.
TIE_NATS = 1e-4


def measure_accuracy(scored: Sequence[Scored]) -> Measured | None:
    """None when no preference takes a side. The interval counts prompts, not votes: votes on one prompt agree."""
    agreements: list[float] = []
    prompts: set[tuple[int, ...]] = set()
    for row in scored:
        total = weight = 0.0
        for pair in row.pairs:
            if pair.p == 0.5:
                continue
            margin = row.rewards[pair.chosen] - row.rewards[pair.rejected]
            margin = margin if pair.p > 0.5 else -margin
            total += pair.weight * (0.5 if abs(margin) <= TIE_NATS else float(margin > 0))
            weight += pair.weight
        if weight > 0:
            agreements.append(total / weight)
            prompts.add(row.prompt)
    return share_interval(agreements, len(prompts)) if agreements else None


def check_accuracy(scored: Sequence[Scored], bound: float | None) -> Gate:
    """Holds when the value (not its interval) is at least `bound`."""
    measured = measure_accuracy(scored)
    broken = None
    if measured is not None and bound is not None and measured.value < bound:
        broken = (
            f"agrees with {measured.value:.3f} of the held-out preferences, at least {bound:g} is asked for"
        )
    return verdict("accuracy", measured, bound, broken, "no held-out preference takes a side yet")
