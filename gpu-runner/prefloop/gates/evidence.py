"""What the gates look at: how the adapter and the base score the same texts."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefloop.contracts import Pair


@dataclass(frozen=True)
class Scored:
    """One preference. Per completion: its tokens, and log π(y|x) - log π_ref(y|x) in nats, summed over them."""

    prompt: tuple[int, ...]
    pairs: Sequence[Pair]
    lengths: Sequence[int]
    rewards: Sequence[float]
