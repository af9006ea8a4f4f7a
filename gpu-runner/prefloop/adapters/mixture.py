"""A weighted sum of adapters that stay as they are: Σ w_k ΔW_k, exact, without a copy of anything.

Rows of one run may each have their own weights over the same adapters: these are stacked once for all of them.
`adapters.combine` makes one adapter of such a sum, for files.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from prefloop.adapters.lora import Adapter


@dataclass(frozen=True, eq=False)
class Mixture:
    """What rows go through in the place of one adapter. Not to be trained: `freeze` its adapters."""

    adapters: tuple[Adapter, ...]
    weights: tuple[float, ...]


def mix(adapters: Sequence[Adapter], weights: Sequence[float]) -> Mixture:
    """Raises ValueError without adapters, and for weights of another number or that are not finite."""
    if not adapters or len(adapters) != len(weights):
        raise ValueError("a mixture needs adapters, and one weight for each")
    if not all(math.isfinite(weight) for weight in weights):
        raise ValueError(f"the weights of a mixture must be finite: {list(weights)}")
    return Mixture(tuple(adapters), tuple(map(float, weights)))


def parts_of(mixed: Adapter | Mixture | None) -> list[tuple[Adapter, float]]:
    """The adapters that count, each with its weight."""
    if isinstance(mixed, Mixture):
        return [
            (adapter, weight)
            for adapter, weight in zip(mixed.adapters, mixed.weights, strict=True)
            if weight != 0
        ]
    return [] if mixed is None else [(mixed, 1.0)]
